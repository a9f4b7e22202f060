import { isDeepStrictEqual } from 'node:util';

/** Characters of a value that an error shows. */
const MAX_SHOWN = 60;
/** Of those, before the first one that differs. */
const CONTEXT = 20;

/** A key of a job that is not what it was: `prompt: "Fix {{path}}" → "Mend {{path}}"`, both values shortened. */
export function describeJobChanges(before: object, after: object): string[] {
  const old = new Map(Object.entries(before));
  const now = new Map(Object.entries(after));
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys
    .filter((key) => !isDeepStrictEqual(plain(old.get(key)), plain(now.get(key))))
    .map((key) => `${key}: ${difference(old.get(key), now.get(key))}`);
}

/** As it is when it has been in a file. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function difference(before: unknown, after: unknown): string {
  const [a, b] = [show(before), show(after)];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  return `${excerpt(a, same)} → ${excerpt(b, same)}`;
}

function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

/** The part where it begins to differ. */
function excerpt(text: string, from: number): string {
  if (text.length <= MAX_SHOWN) return text;
  const start = Math.max(0, Math.min(from - CONTEXT, text.length - MAX_SHOWN));
  const end = start + MAX_SHOWN;
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${end < text.length ? '…' : ''}`;
}

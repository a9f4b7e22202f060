/** Characters that are shown of each side. */
const SHOWN = 40;

/**
 * Where two request bodies first differ, in the order of the recorded one: `messages[5].content, character 120: recorded
 * "…", asked "…"`.
 */
export function firstDifference(recorded: string, asked: string): string {
  const before = parse(recorded);
  const now = parse(asked);
  const found = before !== undefined && now !== undefined ? between(before, now, '') : undefined;
  // Equal as values: another order of keys, another way to write a number.
  return found ?? `as texts, ${betweenTexts(recorded, asked)}`;
}

/** How many characters two texts begin with in common. */
export function commonPrefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}

function between(recorded: unknown, asked: unknown, path: string): string | undefined {
  if (typeof recorded === 'string' && typeof asked === 'string') {
    return recorded === asked ? undefined : `${path}, ${betweenTexts(recorded, asked)}`;
  }
  if (Array.isArray(recorded) && Array.isArray(asked)) {
    for (const [index, value] of recorded.entries()) {
      if (index >= asked.length) return `${path}: recorded ${count(recorded)}, asked ${count(asked)}`;
      const found = between(value, asked[index], `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    if (asked.length === recorded.length) return undefined;
    return `${path}: recorded ${count(recorded)}, asked ${count(asked)}`;
  }
  if (isObject(recorded) && isObject(asked)) {
    for (const [key, value] of Object.entries(recorded)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(asked, key)) return `${at}: recorded ${shown(value)}, asked without it`;
      const found = between(value, asked[key], at);
      if (found !== undefined) return found;
    }
    const added = Object.keys(asked).find((key) => !Object.hasOwn(recorded, key));
    if (added === undefined) return undefined;
    return `${path === '' ? added : `${path}.${added}`}: recorded without it, asked ${shown(asked[added])}`;
  }
  return recorded === asked ? undefined : `${path}: recorded ${shown(recorded)}, asked ${shown(asked)}`;
}

function betweenTexts(recorded: string, asked: string): string {
  const at = commonPrefix(recorded, asked);
  return `character ${at}: recorded ${excerpt(recorded, at)}, asked ${excerpt(asked, at)}`;
}

function excerpt(text: string, from: number): string {
  if (from >= text.length) return 'its end';
  const end = from + SHOWN;
  return JSON.stringify(text.slice(from, end)) + (end < text.length ? '…' : '');
}

function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length <= SHOWN ? json : `${json.slice(0, SHOWN)}…`;
}

function count(values: readonly unknown[]): string {
  return values.length === 1 ? '1 entry' : `${values.length} entries`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

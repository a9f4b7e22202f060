import type { Redactor } from '../../redactor.ts';
import type { RecordedRead } from './exchange.ts';

/** Fields of a delta that are pieces of one text: a secret that a model says token by token is in several events. */
const PIECES: ReadonlySet<string> = new Set([
  'arguments',
  'content',
  'delta',
  'reasoning',
  'reasoning_content',
  'summary',
  'text',
]);
const DATA_LINE = /^data: ?(\{.*\})\r?$/gm;

/** A string in an event that goes on in later ones. */
interface Piece {
  readonly text: string;
  readonly replace: (text: string) => void;
}

/** What stands in the place of a part of the body. */
interface Patch {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * An answer without known secrets, wherever they were cut: by reads, or by the events of a stream.
 * @param isWhole  else what may be half of a secret at the end of a text is left out, as the client does
 */
export function cleanReads(
  reads: readonly RecordedRead[],
  redactor: Redactor,
  isWhole: boolean,
): RecordedRead[] {
  const stream = redactor.stream();
  // What could be the beginning of one at the very end is left out: no event ends there.
  const texts = reads.map(([, text]) => stream.push(text));
  const cleaned = applyPatches(texts, patchesOf(texts.join(''), redactor, isWhole));
  return reads.map(([afterMs], index) => [afterMs, cleaned[index] ?? '']);
}

/** What the events of a body have to say instead; nothing, as a rule. */
function patchesOf(body: string, redactor: Redactor, isWhole: boolean): Patch[] {
  const events = [...body.matchAll(DATA_LINE)].flatMap((match) => {
    const [, json = ''] = match;
    const value = parseObject(json);
    const end = match.index + match[0].trimEnd().length;
    return value ? [{ value, start: end - json.length, end, isChanged: false }] : [];
  });
  const texts = new Map<string, Piece[]>();
  for (const event of events) {
    for (const [path, piece] of piecesOf(event.value, () => (event.isChanged = true))) {
      const pieces = texts.get(path);
      if (pieces) pieces.push(piece);
      else texts.set(path, [piece]);
    }
  }
  for (const pieces of texts.values()) cleanText(pieces, redactor, isWhole);
  return events
    .filter(({ isChanged }) => isChanged)
    .map(({ value, start, end }) => ({ start, end, text: JSON.stringify(value) }));
}

function cleanText(pieces: readonly Piece[], redactor: Redactor, isWhole: boolean): void {
  const whole = pieces.map(({ text }) => text).join('');
  const last = pieces.length - 1;
  const stream = redactor.stream();
  const cleaned = pieces.map(({ text }, index) => {
    const clean = stream.push(text);
    if (index < last) return clean;
    return clean + (isWhole ? stream.end() : stream.cutOff());
  });
  if (cleaned.join('') === whole) return;
  for (const [index, { replace }] of pieces.entries()) replace(cleaned[index] ?? '');
}

/** Pieces of texts in an event's delta, each with the name of its text. */
function piecesOf(event: Record<string, unknown>, onChange: () => void): [string, Piece][] {
  const found: [string, Piece][] = [];
  const visit = (node: object, path: string, isDelta: boolean): void => {
    for (const [key, value] of Object.entries(node) as [string, unknown][]) {
      const here = `${path}.${key}`;
      const inDelta = isDelta || key === 'delta';
      if (typeof value === 'object' && value !== null) visit(value, here, inDelta);
      if (typeof value !== 'string' || !inDelta || !PIECES.has(key)) continue;
      const replace = (text: string): void => {
        if (text === value) return;
        (node as Record<string, unknown>)[key] = text;
        onChange();
      };
      found.push([here, { text: value, replace }]);
    }
  };
  // Of the Responses API: its deltas say at the top what they go on with.
  const { type, item_id, output_index, content_index, summary_index } = event;
  visit(event, JSON.stringify([type, item_id, output_index, content_index, summary_index]), false);
  return found;
}

/** A patch belongs to the read in which its part ends: before that, no event was there. */
function applyPatches(texts: readonly string[], patches: readonly Patch[]): readonly string[] {
  if (patches.length === 0) return texts;
  let from = 0;
  return texts.map((text) => {
    const to = from + text.length;
    let result = '';
    let at = from;
    for (const { start, end, text: instead } of patches) {
      if (end <= from || start >= to) continue;
      if (start > at) result += text.slice(at - from, start - from);
      if (end <= to) result += instead;
      at = Math.min(end, to);
    }
    result += text.slice(at - from);
    from = to;
    return result;
  });
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** What one tool result may hold, in lines and in UTF-8 bytes; a note about a cut comes on top. */
export const MAX_OUTPUT_LINES = 2_000;
export const MAX_OUTPUT_BYTES = 50 * 1024;

/**
 * Marks a built-in tool that keeps to the limits itself, with a note that tells how to go on; its output is not cut
 * again. A symbol, so that a caller's tool cannot claim it.
 */
export const LIMITS_OWN_OUTPUT = Symbol('limits own output');

const encoder = new TextEncoder();
// One per thread, and only once something is long: most results are short.
let scratch: Uint8Array | undefined;

/**
 * The longest start of a text that fits, whole code points only.
 * @param maxBytes  UTF-8 bytes, at most {@link MAX_OUTPUT_BYTES}
 */
export function headOf(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most 3 bytes, and cutting first keeps a huge text from being encoded.
  if (text.length * 3 <= maxBytes) return text;
  scratch ??= new Uint8Array(MAX_OUTPUT_BYTES);
  const { read } = encoder.encodeInto(text, scratch.subarray(0, maxBytes));
  return read === text.length ? text : text.slice(0, read);
}

/** Cuts a result to {@link MAX_OUTPUT_LINES} and {@link MAX_OUTPUT_BYTES}: the head is kept, a note says how much is gone. */
export function capOutput(text: string): string {
  const head = shownHead(text);
  if (head.length === text.length) return text;
  const lines = countLines(text);
  const bytes = Buffer.byteLength(text);
  return (
    `${head}${head.endsWith('\n') ? '' : '\n'}\n[Output cut: ${countLines(head)} of ${lines} lines, ${Buffer.byteLength(head)} of ${bytes} bytes shown. ` +
    'Ask for less at a time.]'
  );
}

/** Whether a result of this text is told whole. */
export function isWithinOutput(text: string): boolean {
  return shownHead(text).length === text.length;
}

/** As much of its beginning as a result may hold. */
function shownHead(text: string): string {
  // Every line but the last holds at least its newline, so a text this short is within both limits.
  if (text.length <= MAX_OUTPUT_LINES && text.length * 3 <= MAX_OUTPUT_BYTES) return text;
  return headOf(linesFrom(text, MAX_OUTPUT_LINES), MAX_OUTPUT_BYTES);
}

/** The longest end of a text that has no more lines and UTF-8 bytes than that, whole code points only. */
export function tailOf(
  text: string,
  { maxLines, maxBytes }: { readonly maxLines: number; readonly maxBytes: number },
): string {
  let bytes = 0;
  let lines = 0;
  let at = text.length;
  while (at > 0) {
    const unit = text.charCodeAt(at - 1);
    if (unit === 0x0a && at < text.length && ++lines >= maxLines) break;
    const units = isPairEnd(text, at - 1) ? 2 : 1;
    bytes += units === 2 ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (bytes > maxBytes) break;
    at -= units;
  }
  return text.slice(at);
}

function isPairEnd(text: string, at: number): boolean {
  const [high, low] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff;
}

/** Lines as a reader counts them: a final newline starts no line of its own. */
export function countLines(text: string): number {
  let lines = 0;
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    lines++;
    if (newline === -1) break;
    at = newline + 1;
  }
  return lines;
}

/** The text up to the end of its `max`-th line, with its newline. */
export function linesFrom(text: string, max: number): string {
  let at = -1;
  for (let line = 0; line < max; line++) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text;
  }
  return text.slice(0, at + 1);
}

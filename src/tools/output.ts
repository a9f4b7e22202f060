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
  // Every line but the last holds at least its newline, so a text this short is within both limits.
  if (text.length <= MAX_OUTPUT_LINES && text.length * 3 <= MAX_OUTPUT_BYTES) return text;
  const head = headOf(firstLines(text, MAX_OUTPUT_LINES), MAX_OUTPUT_BYTES);
  if (head.length === text.length) return text;
  const lines = countLines(text);
  const bytes = Buffer.byteLength(text);
  return (
    `${head}${head.endsWith('\n') ? '' : '\n'}\n[Output cut: ${countLines(head)} of ${lines} lines, ${Buffer.byteLength(head)} of ${bytes} bytes shown. ` +
    'Ask for less at a time.]'
  );
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
function firstLines(text: string, max: number): string {
  let at = -1;
  for (let line = 0; line < max; line++) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text;
  }
  return text.slice(0, at + 1);
}

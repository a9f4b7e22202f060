import { deflateSync } from 'node:zlib';

const ALPHABET = Buffer.from(
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~',
);
const NEWLINE = 0x0a;
const LINE_BYTES = 52;

/** Git's binary patch: both contents whole, the new one first, so that it applies in either direction. */
export function binaryHunks(before: Buffer, after: Buffer): string {
  return `GIT binary patch\n${literal(after)}${literal(before)}`;
}

function literal(content: Buffer): string {
  // The fastest level: an image or an archive hardly gets smaller, and a session must not wait for it.
  const packed = deflateSync(content, { level: 1 });
  const lines = Math.ceil(packed.length / LINE_BYTES);
  const text = Buffer.allocUnsafe(2 * lines + 5 * Math.ceil(packed.length / 4));
  let end = 0;
  for (let begin = 0; begin < packed.length; begin += LINE_BYTES) {
    const length = Math.min(LINE_BYTES, packed.length - begin);
    text[end++] = lengthSign(length);
    for (let i = begin; i < begin + length; i += 4) end = writeGroup(text, end, packed, i);
    text[end++] = NEWLINE;
  }
  return `literal ${content.length}\n${text.toString('latin1', 0, end)}\n`;
}

/** The number of bytes in a line as one character: A to Z are 1 to 26, a to z 27 to 52. */
function lengthSign(length: number): number {
  return length <= 26 ? 0x40 + length : 0x60 + length - 26;
}

/** Four bytes, big-endian and padded with zeros, as five digits of base 85. @returns where the next group goes */
function writeGroup(text: Buffer, at: number, bytes: Buffer, i: number): number {
  let value =
    ((bytes[i]! << 24) | ((bytes[i + 1] ?? 0) << 16) | ((bytes[i + 2] ?? 0) << 8) | (bytes[i + 3] ?? 0)) >>>
    0;
  for (let k = 4; k >= 0; k--) {
    const rest = Math.floor(value / 85);
    text[at + k] = ALPHABET[value - rest * 85]!;
    value = rest;
  }
  return at + 5;
}

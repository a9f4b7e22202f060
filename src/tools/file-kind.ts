import { imageTypeOf } from './image-type.ts';

/** Looked at to tell what a file is. */
const SAMPLE_BYTES = 64 * 1024;

/** Kinds by the bytes that they begin with (as Latin-1), or that stand at an offset. The first that fits is told. */
const SIGNATURES: ReadonlyArray<readonly [signature: string, kind: string, offset?: number]> = [
  ['%PDF-', 'a PDF document'],
  ['II*\0', 'a TIFF image'],
  ['MM\0*', 'a TIFF image'],
  ['\0\0\x01\0', 'an icon (ICO)'],
  ['8BPS', 'a Photoshop image'],
  ['ftypavif', 'an AVIF image', 4],
  ['ftyphei', 'a HEIC image', 4],
  ['ftyp', 'an MP4 video', 4],
  ['\x1aE\xdf\xa3', 'a Matroska or WebM video'],
  ['WAVE', 'a WAV sound', 8],
  ['AVI ', 'an AVI video', 8],
  ['ID3', 'an MP3 sound'],
  ['OggS', 'an Ogg sound or video'],
  ['fLaC', 'a FLAC sound'],
  ['PK\x03\x04', 'a ZIP archive (also .jar, .docx, .xlsx)'],
  ['PK\x05\x06', 'an empty ZIP archive'],
  ['\x1f\x8b', 'a gzip archive'],
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ\0', 'an xz archive'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['ustar', 'a tar archive', 257],
  ['!<arch>\n', 'a static library (ar archive)'],
  ['\x7fELF', 'an ELF executable or library'],
  ['MZ', 'a Windows executable or library'],
  ['\xcf\xfa\xed\xfe', 'a Mach-O executable or library'],
  ['\xca\xfe\xba\xbe', 'a Java class or a Mach-O executable'],
  ['\0asm', 'a WebAssembly module'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['wOFF', 'a web font'],
  ['wOF2', 'a web font'],
  ['\0\x01\0\0', 'a TrueType font'],
  ['OTTO', 'an OpenType font'],
];

/** Byte order marks, the longer one first. */
const MARKS: ReadonlyArray<readonly [mark: string, encoding: string]> = [
  ['\xff\xfe\0\0', 'UTF-32 LE'],
  ['\0\0\xfe\xff', 'UTF-32 BE'],
  ['\xff\xfe', 'UTF-16 LE'],
  ['\xfe\xff', 'UTF-16 BE'],
];

/** Whether a file is no text whatever its bytes: a PDF may be one that is valid UTF-8. */
export function isDocument(text: string): boolean {
  return /^%PDF-\d/.test(text);
}

/**
 * What a file is that is not UTF-8 text, in words that follow its name: `a PNG image, 640x480`, `text in UTF-16 LE`. A guess
 * where only a guess can be made, and it says so. Looks at the start of the file only.
 */
export function fileKind(bytes: Buffer): string {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  const start = sample.toString('latin1', 0, 300);
  const image = imageKind(sample, start);
  if (image !== undefined) return `${image}, not text`;
  const mark = MARKS.find(([bom]) => start.startsWith(bom));
  // These bytes are an encoding's; an odd number of them would not be text in it.
  if (mark && bytes.length % 2 === 0) return `text in ${mark[1]}, not in UTF-8`;
  const known = SIGNATURES.find(([signature, , offset = 0]) => start.startsWith(signature, offset));
  if (known) return `${known[1]}, not text`;
  const encoding = guessEncoding(sample);
  return encoding === undefined ? 'not UTF-8 text' : `not UTF-8 text; it looks like ${encoding}`;
}

function imageKind(bytes: Buffer, start: string): string | undefined {
  const sized = (kind: string, width: number, height: number): string => `${kind}, ${width}x${height}`;
  const type = imageTypeOf(bytes);
  if (type === 'image/png') {
    return bytes.length < 24
      ? 'a damaged PNG image'
      : sized('a PNG image', bytes.readUInt32BE(16), bytes.readUInt32BE(20));
  }
  if (type === 'image/gif' && bytes.length >= 10) {
    return sized('a GIF image', bytes.readUInt16LE(6), bytes.readUInt16LE(8));
  }
  if (type === 'image/jpeg') {
    const size = jpegSize(bytes);
    return size ? sized('a JPEG image', size.width, size.height) : 'a JPEG image';
  }
  if (type === 'image/webp') {
    if (start.startsWith('VP8X', 12) && bytes.length >= 30) {
      return sized('a WebP image', bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1);
    }
    return 'a WebP image';
  }
  if (start.startsWith('BM') && bytes.length >= 26 && bytes.readUInt32LE(14) >= 40) {
    return sized('a BMP image', bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22)));
  }
  return undefined;
}

/** From the frame header, past the segments before it. */
function jpegSize(bytes: Buffer): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** Undefined where nothing speaks for any. */
function guessEncoding(bytes: Buffer): string | undefined {
  const wide = guessWide(bytes);
  if (wide !== undefined) return wide;
  let control = 0;
  let high = 0;
  let c1 = 0;
  for (const byte of bytes) {
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b) control++;
    else if (byte >= 0x80) {
      high++;
      if (byte < 0xa0) c1++;
    }
  }
  // Text has no control characters, and hardly any that mostly consists of others is in one of these encodings.
  if (control > 0 || high === 0) return undefined;
  if (isShiftJis(bytes)) return 'Shift_JIS';
  if (high > bytes.length / 3) return undefined;
  return c1 > 0 ? 'Windows-1252' : 'Latin-1 (ISO 8859-1) or Windows-1252';
}

/** UTF-16 without a byte order mark: every second byte is NUL, where most of the text is ASCII. */
function guessWide(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  let even = 0;
  let odd = 0;
  bytes.forEach((byte, i) => {
    if (byte !== 0) return;
    if (i % 2 === 0) even++;
    else odd++;
  });
  const most = bytes.length * 0.35;
  if (odd > most && even === 0) return 'UTF-16 LE';
  return even > most && odd === 0 ? 'UTF-16 BE' : undefined;
}

/** Whether all high bytes are pairs of that encoding, and half of them kana: other encodings' bytes are not by chance. */
function isShiftJis(bytes: Buffer): boolean {
  let pairs = 0;
  let kana = 0;
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i]!;
    if (lead < 0x80) continue;
    const trail = bytes[i + 1];
    // The sample may end within a pair.
    if (trail === undefined) break;
    const isLead = (lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc);
    if (!isLead || trail < 0x40 || trail === 0x7f || trail > 0xfc) return false;
    pairs++;
    if ((lead === 0x82 && trail >= 0x9f) || (lead === 0x83 && trail <= 0x96)) kana++;
    i++;
  }
  return pairs > 1 && kana * 2 >= pairs;
}

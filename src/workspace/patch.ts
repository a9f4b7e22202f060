import { createHash } from 'node:crypto';
import { binaryHunks } from './binary-hunks.ts';
import { asBuffer, isText } from './bytes.ts';
import type { FileDifference } from './files-view.ts';
import { unifiedHunks } from './hunks.ts';

const EMPTY = Buffer.alloc(0);
const NO_FILE = '0'.repeat(40);

/**
 * One file's change as a patch in git's format: `git apply` turns the one content into the other, byte for byte.
 * Contents that are not UTF-8, or hold a NUL, are binary patches. Write it to disk as UTF-8. It costs a bounded amount of work.
 */
export function filePatch({ path, before, after }: FileDifference): string {
  const old = before === null ? EMPTY : asBuffer(before);
  const now = after === null ? EMPTY : asBuffer(after);
  const oldName = quoteName(`a/${path}`);
  const newName = quoteName(`b/${path}`);
  let text = `diff --git ${oldName} ${newName}\n`;
  if (before === null) text += 'new file mode 100644\n';
  if (after === null) text += 'deleted file mode 100644\n';
  text += `index ${before ? blobId(old) : NO_FILE}..${after ? blobId(now) : NO_FILE}\n`;
  if (!isText(old) || !isText(now)) return text + binaryHunks(old, now);
  // An empty file that is made or deleted has no lines to show: the headers say it all.
  if (old.length === 0 && now.length === 0) return text;
  text += `--- ${before === null ? '/dev/null' : endName(oldName)}\n`;
  text += `+++ ${after === null ? '/dev/null' : endName(newName)}\n`;
  return text + unifiedHunks(old, now);
}

/** The name git gives a content. Binary patches must have it; for the others it makes `git apply --3way` possible. */
function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** A name as git writes it: in quotes, with octal bytes, where it is not plain ASCII. Paths hold no control character. */
function quoteName(name: string): string {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  let quoted = '';
  for (const byte of Buffer.from(name)) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else quoted += byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
  }
  return `"${quoted}"`;
}

/** A tab tells readers where a name with spaces ends, and that no time stamp follows. */
function endName(name: string): string {
  return name.includes(' ') && !name.startsWith('"') ? `${name}\t` : name;
}

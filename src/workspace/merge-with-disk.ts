import { isText } from './bytes.ts';
import { lineEndingOf, withLineEnding } from './line-endings.ts';
import { mergeText, type TextConflict } from './merge-text.ts';

/** Bytes of a file beyond which it is compared, but not merged. */
export const MAX_MERGE_BYTES = 16 * 1024 * 1024;

/**
 * A file that three know: what the session saw, what it made of it, and what is on disk by now. Where all line ends on
 * disk are of the one kind and all of what the session saw are of the other, as git checks files out under
 * `core.autocrlf`, what the session made gets those of the disk.
 */
export class FileOnDisk {
  readonly #disk: Buffer;

  constructor(content: Buffer) {
    this.#disk = content;
  }

  /** Whether the disk has this content, but for line ends that are all of the other kind. */
  isSameText(content: Buffer): boolean {
    const converted = this.#likeDisk([content]);
    return converted !== undefined && converted[0]!.equals(this.#disk);
  }

  /**
   * What disk and session come to together.
   * @returns why they do not go together, as it goes on after the path, where they do not
   */
  merge(before: Buffer, after: Buffer): Buffer | string {
    const changed = 'has changed since it was read';
    if (Math.max(before.length, after.length, this.#disk.length) > MAX_MERGE_BYTES)
      return `${changed}, and is too large to merge`;
    if (![before, after, this.#disk].every(isText)) return `${changed}, and is no text that could be merged`;
    const [base, session] = this.#likeDisk([before, after]) ?? [before, after];
    const merge = mergeText(base!, [this.#disk, session!]);
    switch (merge.kind) {
      case 'merged':
        return merge.content;
      case 'conflict':
        return `${changed}, where the session changed it too${atLine(merge.conflicts)}`;
      case 'too-different':
        return `${changed}, and is too different to merge`;
    }
  }

  /** The contents with the disk's line ends; undefined where theirs, or the first one's, are not plainly another kind. */
  #likeDisk(contents: readonly [Buffer, ...Buffer[]]): readonly Buffer[] | undefined {
    if (![this.#disk, ...contents].every((content) => content.length <= MAX_MERGE_BYTES && isText(content)))
      return undefined;
    const wanted = lineEndingOf(this.#disk.toString('utf8'));
    const present = lineEndingOf(contents[0].toString('utf8'));
    if (wanted === undefined || wanted === 'mixed' || present === undefined || present === 'mixed')
      return undefined;
    if (wanted === present) return undefined;
    return contents.map((content) => Buffer.from(withLineEnding(content.toString('utf8'), wanted)));
  }
}

function atLine(conflicts: readonly TextConflict[]): string {
  const [first] = conflicts;
  return first ? ` (line ${first.baseLine})` : '';
}

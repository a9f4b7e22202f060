import { PatchError } from '../errors.ts';
import type { PatchLine } from './line-edits.ts';
import { quoteLine } from './near-lines.ts';
import { commonPath, ownPath, readGitNames, readName } from './patch-names.ts';

/** A line of a hunk. */
export interface HunkLine extends PatchLine {
  /** False for a last line of a file that has no newline at its end. */
  readonly hasBreak: boolean;
}

export interface UnifiedHunk {
  /** From 1; where a side has no lines, the line before the hunk. */
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  readonly lines: readonly HunkLine[];
  /** Line of its header in the patch, from 1. */
  readonly line: number;
}

/** What a patch does to one file. Paths are as written, without `a/` and `b/`. */
export interface UnifiedFile {
  readonly kind: 'modify' | 'create' | 'delete' | 'rename' | 'copy';
  /** The file it starts from; for a new file the same as `newPath`. */
  readonly oldPath: string;
  /** The file it ends as; for a deleted file the same as `oldPath`. */
  readonly newPath: string;
  readonly hunks: readonly UnifiedHunk[];
  /** Line in the patch where it begins, from 1. */
  readonly line: number;
}

/**
 * Reads a unified diff, plain or git's; text around the files is passed over. Modes are read and dropped, since a
 * workspace has none.
 * @throws {PatchError} `invalid_patch`, with the line of the patch: no file, a count that is not that of the lines, a
 *   broken name, binary content, links
 */
export function parseUnifiedPatch(text: string): UnifiedFile[] {
  return new Parser(text).parse();
}

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/;
/** What git writes between `diff --git` and the names, as far as it says nothing that matters here. */
const SILENT_HEADER = /^(?:old mode|new mode|similarity index|dissimilarity index|index) /;
const NO_FILE_STAMP = /^\t1970-01-01 00:00:00(?:\.0+)? [+-]0000/;

/** What the headers of a file have said so far. */
interface Headers {
  readonly line: number;
  kind: UnifiedFile['kind'] | undefined;
  gitNames: readonly [string, string] | undefined;
  from: string | undefined;
  to: string | undefined;
}

/** `---` or `+++`: the name, or null where that side has no file. */
interface SideName {
  readonly name: string | null;
  readonly hasCr: boolean;
  /** A time stamp of 1970 says that an empty side is none. */
  readonly isNoFile: boolean;
}

class Parser {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines;
  }

  parse(): UnifiedFile[] {
    const files: UnifiedFile[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (line.startsWith('diff --git ')) files.push(this.#gitFile());
      else if (this.#isNamePair(this.#at)) files.push(this.#plainFile());
      else if (line.startsWith('@@ '))
        throw this.#refusal(
          this.#at,
          'a hunk without a file: "--- a/PATH" and "+++ b/PATH" come before it, and nothing between the hunks of a file',
        );
      else if (line.startsWith('*** Begin Patch'))
        throw this.#refusal(
          this.#at,
          'this is not a unified diff; its format is that of the tool "apply_patch"',
        );
      else this.#at++;
    }
    if (files.length > 0) return files;
    throw new PatchError(
      'invalid_patch',
      'there is no file in the patch: a unified diff has "--- a/PATH", "+++ b/PATH" and hunks that start with "@@ -LINE,COUNT +LINE,COUNT @@"',
    );
  }

  #isNamePair(at: number): boolean {
    return this.#lines[at]!.startsWith('--- ') && (this.#lines[at + 1]?.startsWith('+++ ') ?? false);
  }

  #gitFile(): UnifiedFile {
    const headers: Headers = {
      line: this.#at + 1,
      kind: undefined,
      gitNames: readGitNames(withoutCr(this.#lines[this.#at]!).slice('diff --git '.length)),
      from: undefined,
      to: undefined,
    };
    this.#at++;
    while (this.#at < this.#lines.length && this.#gitHeader(headers)) this.#at++;
    if (this.#at < this.#lines.length && this.#isNamePair(this.#at) && this.#belongsTo(headers)) {
      return this.#namedFile(headers);
    }
    return this.#fileOf(headers, headers.gitNames?.[0] ?? null, headers.gitNames?.[1] ?? null, []);
  }

  /** Whether `---` and `+++` name the files of git's headers; a plain diff may follow those that say all by themselves. */
  #belongsTo({ gitNames, from, to }: Headers): boolean {
    const [old, now] = [0, 1].map(
      (side) => readName(withoutCr(this.#lines[this.#at + side]!).slice(4)).name ?? '',
    );
    const [oldName, newName] = from !== undefined && to !== undefined ? [from, to] : (gitNames ?? []);
    const isSame = (name = '', expected?: string): boolean =>
      expected === undefined || name === '/dev/null' || name === expected || name.endsWith(`/${expected}`);
    return isSame(old, oldName) && isSame(now, newName);
  }

  /** @returns whether the line is one of git's headers, which is then taken down */
  #gitHeader(headers: Headers): boolean {
    const line = withoutCr(this.#lines[this.#at]!);
    if (/^(?:GIT binary patch|Binary files )/.test(line)) {
      throw this.#refusal(this.#at, 'this is the patch of a binary file; only text files can be patched');
    }
    if (/^(?:(?:new|deleted) file mode|old mode|new mode|index \S+) 1[26]0000$/.test(line)) {
      throw this.#refusal(this.#at, 'links and submodules cannot be patched: there are only files');
    }
    if (line.startsWith('new file mode ')) headers.kind = 'create';
    else if (line.startsWith('deleted file mode ')) headers.kind = 'delete';
    else if (line.startsWith('rename from ')) headers.from = this.#name(line.slice(12));
    else if (line.startsWith('copy from ')) headers.from = this.#name(line.slice(10));
    else if (line.startsWith('rename to '))
      [headers.kind, headers.to] = ['rename', this.#name(line.slice(10))];
    else if (line.startsWith('copy to ')) [headers.kind, headers.to] = ['copy', this.#name(line.slice(8))];
    else return SILENT_HEADER.test(line);
    return true;
  }

  #plainFile(): UnifiedFile {
    return this.#namedFile({
      line: this.#at + 1,
      kind: undefined,
      gitNames: undefined,
      from: undefined,
      to: undefined,
    });
  }

  #namedFile(headers: Headers): UnifiedFile {
    const old = this.#side();
    const now = this.#side();
    // A patch that was itself given CRLF has it in its headers too.
    const hunks = this.#hunks(old.hasCr && now.hasCr);
    if (hunks.length === 0)
      throw this.#refusal(
        this.#at - 1,
        'the file has no hunk: "@@ -LINE,COUNT +LINE,COUNT @@" comes after its names',
      );
    const only = hunks.length === 1 ? hunks[0]! : undefined;
    const isMade = old.isNoFile && only?.oldCount === 0;
    const isGone = now.isNoFile && only?.newCount === 0;
    return this.#fileOf(headers, isMade ? null : old.name, isGone ? null : now.name, hunks);
  }

  #side(): SideName {
    const line = this.#lines[this.#at]!;
    const { name, rest } = readName(withoutCr(line).slice(4));
    if (name === undefined || name === '')
      throw this.#refusal(this.#at, `the name in ${quoteLine(line)} cannot be read`);
    this.#at++;
    return {
      name: name === '/dev/null' ? null : name,
      hasCr: line.endsWith('\r'),
      isNoFile: NO_FILE_STAMP.test(rest),
    };
  }

  #fileOf(
    headers: Headers,
    oldName: string | null,
    newName: string | null,
    hunks: readonly UnifiedHunk[],
  ): UnifiedFile {
    const { line, gitNames } = headers;
    if (headers.kind === 'rename' || headers.kind === 'copy') {
      const { from, to } = headers;
      if (from !== undefined && to !== undefined)
        return { kind: headers.kind, oldPath: from, newPath: to, hunks, line };
      throw this.#refusal(
        line - 1,
        `a ${headers.kind} names both files: "${headers.kind} from PATH" and "${headers.kind} to PATH"`,
      );
    }
    const kind = headers.kind ?? (oldName === null ? 'create' : newName === null ? 'delete' : 'modify');
    if (oldName !== null && newName !== null) {
      const path = commonPath(oldName, newName);
      if (path !== undefined) return { kind, oldPath: path, newPath: path, hunks, line };
      // Plain diffs compare a file with its copy: `x.orig` and `x`. Which of them is there is not known here.
      if (!gitNames) return { kind, oldPath: ownPath(oldName), newPath: ownPath(newName), hunks, line };
    }
    const name = oldName ?? newName;
    if (name === null || (oldName !== null && newName !== null)) {
      throw this.#refusal(line - 1, 'the headers do not say which file this is');
    }
    const path = (gitNames && commonPath(...gitNames)) ?? ownPath(name);
    return { kind, oldPath: path, newPath: path, hunks, line };
  }

  #name(text: string): string {
    const { name } = readName(text);
    if (name !== undefined && name !== '') return name;
    throw this.#refusal(this.#at, `the name ${quoteLine(text)} cannot be read`);
  }

  #hunks(isCrlf: boolean): UnifiedHunk[] {
    const hunks: UnifiedHunk[] = [];
    while (this.#at < this.#lines.length && this.#lines[this.#at]!.startsWith('@@'))
      hunks.push(this.#hunk(isCrlf));
    return hunks;
  }

  #hunk(isCrlf: boolean): UnifiedHunk {
    const start = this.#at;
    const match = HUNK.exec(this.#lines[start]!);
    if (!match) {
      throw this.#refusal(
        start,
        `${quoteLine(this.#lines[start]!)} is no header of a hunk: it has the form "@@ -LINE,COUNT +LINE,COUNT @@"`,
      );
    }
    const oldStart = Number(match[1]);
    const oldCount = Number(match[2] ?? 1);
    const newStart = Number(match[3]);
    const newCount = Number(match[4] ?? 1);
    const lines: HunkLine[] = [];
    let oldLeft = oldCount;
    let newLeft = newCount;
    this.#at++;
    while (oldLeft > 0 || newLeft > 0) {
      const line = this.#lines[this.#at];
      const sign = line === '' || line === '\r' ? ' ' : line?.[0];
      if (sign === '\\' && lines.length > 0) this.#endsWithoutBreak(lines);
      else if (line === undefined || (sign !== ' ' && sign !== '-' && sign !== '+'))
        throw this.#miscount(start, match);
      else {
        lines.push({ sign, text: textOf(line, isCrlf), hasBreak: true });
        if (sign !== '+') oldLeft--;
        if (sign !== '-') newLeft--;
      }
      if (oldLeft < 0 || newLeft < 0) throw this.#miscount(start, match);
      this.#at++;
    }
    if (this.#lines[this.#at]?.startsWith('\\')) {
      this.#endsWithoutBreak(lines);
      this.#at++;
    }
    if (this.#goesOn()) throw this.#miscount(start, match);
    if (lines.every(({ sign }) => sign === ' ')) throw this.#refusal(start, 'the hunk changes nothing');
    return { oldStart, oldCount, newStart, newCount, lines, line: start + 1 };
  }

  #endsWithoutBreak(lines: HunkLine[]): void {
    const last = lines.at(-1);
    if (last) lines[lines.length - 1] = { ...last, hasBreak: false };
  }

  /** Whether lines of a hunk follow one that has all it counted. What comes after other text is no hunk's. */
  #goesOn(): boolean {
    let at = this.#at;
    while (this.#lines[at] === '') at++;
    return this.#isBody(at);
  }

  #isBody(at: number): boolean {
    const line = this.#lines[at];
    // A mail's signature starts with "-- ".
    return line !== undefined && /^[-+ ]/.test(line) && !/^-- ?\r?$/.test(line) && !this.#isNamePair(at);
  }

  /** A hunk is never taken by its lines alone: what a count leaves out may be lost lines. */
  #miscount(start: number, header: RegExpExecArray): PatchError {
    let at = start + 1;
    let old = 0;
    let now = 0;
    let blank = 0;
    for (; at < this.#lines.length; at++) {
      const line = this.#lines[at]!;
      if (line === '') blank++;
      else if (line.startsWith('\\')) continue;
      else if (!this.#isBody(at)) break;
      else {
        // Empty lines between are unchanged ones that lost their blank; those at the end are none.
        if (line[0] !== '+') old += 1 + blank;
        if (line[0] !== '-') now += 1 + blank;
        if (line[0] === '+') old += blank;
        if (line[0] === '-') now += blank;
        blank = 0;
      }
    }
    const [, oldStart, oldCount = '1', newStart, newCount = '1'] = header;
    return this.#refusal(
      start,
      `the hunk says that it has ${oldCount} old and ${newCount} new lines; it has ${old} and ${now}. If it is whole, its header is "@@ -${oldStart},${old} +${newStart},${now} @@"`,
    );
  }

  #refusal(index: number, problem: string): PatchError {
    return new PatchError('invalid_patch', `patch line ${index + 1}: ${problem}`);
  }
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function textOf(line: string, isCrlf: boolean): string {
  const text = line === '\r' ? line : line.slice(1);
  return isCrlf ? withoutCr(text) : text;
}

import { Refused, type SimpleTree } from '../../workspace/simple-tree.ts';
import { isAboutIndentation, replaceIn } from './replace-oracle.ts';
import type { SpelledPath } from './spelled-paths.ts';

/** What a call must be answered: refused, the very text, or only that it worked; `unjudged` when the model cannot say. */
export type Expected =
  { readonly isError: true } | { readonly isError: false; readonly content?: string } | 'unjudged';

const REFUSED: Expected = { isError: true };
/** Thrown by a model before it changes the tree. */
class Unjudged extends Error {}

/** Runs what a model of a tool does; a refusal of the tree is one of the tool. */
export function expecting(act: () => string | undefined): Expected {
  try {
    const content = act();
    return content === undefined ? { isError: false } : { isError: false, content };
  } catch (error) {
    if (error instanceof Refused) return REFUSED;
    if (error instanceof Unjudged) return 'unjudged';
    throw error;
  }
}

/** The canonical path of a file. @throws {Refused} */
export function fileAt({ path, code }: SpelledPath): string {
  if (code !== undefined || path === '') throw new Refused(code ?? 'invalid_path');
  return path;
}

/** The canonical path of a directory, the root included. @throws {Refused} */
export function directoryAt({ path, code }: SpelledPath): string {
  if (code !== undefined) throw new Refused(code);
  return path;
}

export function modelWrite(tree: SimpleTree, path: SpelledPath, content: string): string {
  const bytes = Buffer.from(content);
  tree.write(fileAt(path), bytes);
  return `Wrote ${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'} to ${path.spelling}.`;
}

export interface EditArguments {
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all?: boolean | null;
}

export function modelEdit(tree: SimpleTree, path: SpelledPath, edit: EditArguments): undefined {
  if (edit.old_string === '' || edit.old_string === edit.new_string) throw new Refused('same');
  const file = fileAt(path);
  const text = textOf(tree.read(file));
  if (text === undefined) throw new Refused('binary');
  // Half a character, which only a text of the model can hold.
  if (/\p{Cs}/u.test(edit.old_string)) throw new Refused('half');
  if (isAboutIndentation(text, edit.old_string, edit.new_string)) throw new Unjudged();
  const result = replaceIn(text, edit.old_string, edit.new_string, edit.replace_all === true);
  if (result.count === 0 || (result.count > 1 && !edit.replace_all)) throw new Refused('not once');
  if (result.text === text) throw new Refused('no change');
  tree.write(file, Buffer.from(result.text));
}

/** The numbered lines; undefined when they may be cut for their size, so that only the limits can be checked. */
export function modelRead(
  tree: SimpleTree,
  path: SpelledPath,
  offset: number,
  limit: number,
): string | undefined {
  const stored = textOf(tree.read(fileAt(path)));
  if (stored === undefined) throw new Refused('binary');
  const text = stored.startsWith('\ufeff') ? stored.slice(1) : stored;
  if (text === '') return `(${path.spelling} is empty)`;
  if (text.length > 10_000) return undefined;
  const lines = linesOf(text);
  if (offset >= lines.length) {
    const count = lines.length === 1 ? '1 line' : `${lines.length} lines`;
    return `(offset ${offset} is past the end: ${path.spelling} has ${count})`;
  }
  const end = Math.min(offset + limit, lines.length);
  const shown = lines.slice(offset, end).map((line, i) => `${String(offset + i + 1).padStart(6)}\t${line}`);
  if (end === lines.length) return shown.join('\n');
  return `${shown.join('\n')}\n\n[Lines ${offset + 1}-${end} of ${lines.length} shown; read on with offset=${end}.]`;
}

/** A glob, and by hand what it selects; without `selects` only that it selects files of the directory. */
export interface KnownGlob {
  readonly glob: string | undefined;
  /** @param names  of the path, seen from the directory that is listed */
  readonly selects?: (names: readonly string[]) => boolean;
}

export function modelList(
  tree: SimpleTree,
  path: SpelledPath | undefined,
  { glob = '**/*', selects }: KnownGlob,
): string | undefined {
  const files = filesUnder(tree, path);
  if (!selects) return undefined;
  const found = files.filter((file) => selects(namesBelow(file, path)));
  if (found.length === 0) {
    const under = path === undefined || path.spelling === '.' ? '' : ` under ${path.spelling}`;
    return `No files match ${glob}${under}.`;
  }
  return found.length <= 200 ? found.join('\n') : undefined;
}

/** A regular expression, and by hand which lines it matches; without `matches` it is no regular expression. */
export interface KnownPattern {
  readonly pattern: string;
  readonly matches?: (line: string) => boolean;
}

export interface SearchArguments {
  readonly mode?: 'content' | 'files_with_matches' | 'count';
  readonly offset: number;
  readonly max: number;
}

export function modelSearch(
  tree: SimpleTree,
  search: KnownPattern,
  path: SpelledPath | undefined,
  glob: KnownGlob,
  { mode = 'content', offset, max }: SearchArguments,
): string | undefined {
  const { matches } = search;
  if (!matches) throw new Refused('pattern');
  const isFile = path !== undefined && path.code === undefined && tree.get(path.path) !== undefined;
  const files = isFile ? [path.path] : filesUnder(tree, path);
  if (!isFile && !glob.selects) return undefined;
  const chosen = isFile ? files : files.filter((file) => glob.selects?.(namesBelow(file, path)));
  chosen.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const found: string[] = [];
  const matched = { lines: 0, files: 0 };
  let binary = 0;
  for (const file of chosen) {
    const text = textOf(tree.read(file))?.replace(/^\ufeff/, '');
    if (text === undefined) binary++;
    if (text === undefined || text === '') continue;
    const before = matched.lines;
    for (const [i, line] of linesOf(text).entries()) {
      if (!matches(line)) continue;
      matched.lines++;
      const shown = line.length > 500 ? `${line.slice(0, 500)}… [line cut: ${line.length} characters]` : line;
      if (mode === 'content') found.push(`${file}:${i + 1}:${shown}`);
    }
    if (matched.lines === before) continue;
    matched.files++;
    if (mode === 'files_with_matches') found.push(file);
    if (mode === 'count') found.push(`${file}:${matched.lines - before}`);
  }
  const { pattern } = search;
  if (found.length === 0) {
    if (chosen.length === 0 && glob.glob !== undefined) {
      const under = path === undefined || path.spelling === '.' ? '' : ` under ${path.spelling}`;
      return `No matches for ${pattern}: no files match ${glob.glob}${under}.`;
    }
    return `No matches for ${pattern}.${binary === 0 ? '' : ` (${plural(binary, 'binary file')} not searched.)`}`;
  }
  if (offset >= found.length) {
    const total = mode === 'content' ? plural(matched.lines, 'match', 'es') : plural(matched.files, 'file');
    return `No more matches for ${pattern}: offset ${offset} is past the end of ${total}.`;
  }
  let answer = found.slice(offset, offset + max).join('\n');
  if (offset + max < found.length) {
    const what = mode === 'content' ? 'matches' : 'files';
    answer += `\n[Cut at ${max} ${what}: narrow the pattern, path or glob, or go on with offset=${offset + max}.]`;
  }
  if (mode === 'count')
    answer += `\n[${plural(matched.lines, 'matching line')} in ${plural(matched.files, 'file')}]`;
  return answer;
}

function plural(count: number, noun: string, ending = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : ending}`;
}

function filesUnder(tree: SimpleTree, path: SpelledPath | undefined): string[] {
  const directory = path === undefined ? '' : directoryAt(path);
  return tree.list(directory);
}

function namesBelow(file: string, path: SpelledPath | undefined): string[] {
  const prefix = path === undefined || path.path === '' ? 0 : path.path.length + 1;
  return file.slice(prefix).split('/');
}

/** Undefined for what is binary: not UTF-8, or with a NUL. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? text : undefined;
}

/** Without their endings; a final line break begins no line. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (text.endsWith('\n')) lines.pop();
  return lines;
}

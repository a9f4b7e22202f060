import { InvalidOptionError, WorkspaceError } from '../errors.ts';
import { packImage } from './base-image.ts';
import type { BaseImage, ImageEntry } from './base-image.ts';
import { FilesView } from './files-view.ts';
import { resolveFilePath } from './paths.ts';

/** Files as a caller gives them: path → text (stored as UTF-8) or bytes. `lib/a.ts` and `/lib/a.ts` are one file. */
export type FilesInput =
  Readonly<Record<string, string | Uint8Array>> | ReadonlyMap<string, string | Uint8Array> | undefined;

/**
 * A base image of the given files, copied.
 * @throws {InvalidOptionError} as {@link normalizeFiles}
 * @throws {BaseImageError} `base_too_large` from 2 GiB on
 */
export function fromFiles(files: FilesInput): BaseImage {
  return packImage(normalizeFiles(files));
}

/**
 * The files of an option, under their canonical paths. Bytes are not copied.
 * @param option  name of the option, for the error's text
 * @throws {InvalidOptionError} when it is no object or Map, a path is refused, a content is neither text nor bytes,
 *   two paths are one file, or a file is also the directory of another
 */
export function normalizeFiles(files: FilesInput, option = 'files'): ImageEntry[] {
  if (files === undefined) return [];
  const spelling = new Map<string, string>();
  const entries: ImageEntry[] = [];
  for (const [name, content] of entriesOf(files, option)) {
    const path = canonical(name, option);
    const other = spelling.get(path);
    if (other !== undefined) {
      const problem = `${JSON.stringify(other)} and ${JSON.stringify(name)} are two spellings of one file`;
      throw new InvalidOptionError({ option, problem, hint: `Keep one, such as ${JSON.stringify(path)}.` });
    }
    spelling.set(path, name);
    entries.push({ path, bytes: asBytes(name, content, option) });
  }
  for (const [path, name] of spelling) {
    for (const parent of parentsOf(path)) {
      const file = spelling.get(parent);
      if (file === undefined) continue;
      const problem = `${JSON.stringify(file)} is a file and ${JSON.stringify(name)} would be in it`;
      throw new InvalidOptionError({ option, problem, hint: 'A file cannot be a directory too.' });
    }
  }
  return entries;
}

/** The directories above a path, nearest first, without the root. */
export function* parentsOf(path: string): Generator<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    yield path.slice(0, end);
}

function entriesOf(files: unknown, option: string): Iterable<[string, unknown]> {
  // FilesView: what another session produced goes in as it came out.
  if (files instanceof Map || files instanceof FilesView) return files;
  if (typeof files === 'object' && files !== null && !Array.isArray(files) && !ArrayBuffer.isView(files)) {
    return Object.entries(files);
  }
  const given = Array.isArray(files) ? 'an array' : files === null ? 'null' : typeof files;
  const problem = `must be an object or Map of path → text or Uint8Array, got ${given}`;
  throw new InvalidOptionError({ option, problem });
}

function canonical(name: string, option: string): string {
  try {
    return resolveFilePath(name);
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    throw new InvalidOptionError({ option, problem: error.message.replace(/\.$/, '') });
  }
}

function asBytes(name: string, content: unknown, option: string): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  if (content instanceof Uint8Array) return content;
  const given = content === null ? 'null' : typeof content;
  const problem = `the content of ${JSON.stringify(name)} must be text or a Uint8Array, got ${given}`;
  throw new InvalidOptionError({ option, problem });
}

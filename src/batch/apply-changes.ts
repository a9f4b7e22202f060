import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { OutputError } from '../errors.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import { parentsOf } from '../workspace/from-files.ts';
import { isFilePath } from '../workspace/paths.ts';

/**
 * Writes changes to the real directory that their base came from. Every file is compared first: where one is no longer
 * what the session saw, or a symbolic link is on the way, nothing at all is written. Each file is replaced in one
 * step, and keeps its mode; directories that deletions leave empty go.
 * @throws {OutputError} `disk_changed`, naming the files; `write_failed`, saying how far it came
 */
export async function applyChanges(directory: string, changes: readonly FileDifference[]): Promise<void> {
  const problems: string[] = [];
  const deleted = new Set(changes.filter((change) => change.after === null).map((change) => change.path));
  for (const change of changes) {
    const problem = await problemWith(directory, change, deleted);
    if (problem !== undefined) problems.push(`${change.path} ${problem}`);
  }
  if (problems.length > 0) {
    const shown = problems.slice(0, 5).join('; ');
    const more = problems.length > 5 ? ` and ${problems.length - 5} more` : '';
    throw new OutputError('disk_changed', `Nothing was written to ${directory}: ${shown}${more}.`);
  }
  let written = 0;
  // Deletions first: they make room for a file where a directory was, and the other way round.
  for (const change of changes.toSorted((a, b) => Number(a.after !== null) - Number(b.after !== null))) {
    try {
      await applyOne(directory, change);
      written += 1;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new OutputError(
        'write_failed',
        `${written} of ${changes.length} files were written to ${directory}, then ${change.path} could not be: ${why}.`,
        { cause },
      );
    }
  }
}

/** Why a change must not be made; undefined when it may. */
async function problemWith(
  directory: string,
  { path, before, after }: FileDifference,
  deleted: ReadonlySet<string>,
): Promise<string | undefined> {
  if (!isFilePath(path)) return 'is no path inside the directory';
  for (const parent of parentsOf(path)) {
    const kind = await kindOf(join(directory, parent));
    if (kind === 'link') return `is behind the symbolic link ${parent}`;
    if (kind === 'file' && !deleted.has(parent)) return `cannot be made: ${parent} is a file`;
  }
  const file = join(directory, path);
  const kind = await kindOf(file);
  if (kind === 'link') return 'is a symbolic link';
  if (await isMade(file, kind, after)) return undefined;
  if (before === null && kind === 'file') return 'has appeared since it was read';
  if (before === null && kind === 'directory') return problemInTheWay(directory, path, deleted);
  if (before === null) return undefined;
  if (kind !== 'file') return 'is gone since it was read';
  return Buffer.compare(await readFile(file), before) === 0 ? undefined : 'has changed since it was read';
}

/** A directory may stand where a file is to be only if everything in it goes, and itself by that. */
async function problemInTheWay(
  directory: string,
  path: string,
  deleted: ReadonlySet<string>,
): Promise<string | undefined> {
  const emptied = new Set([...deleted].flatMap((file) => [...parentsOf(file)]));
  if (!emptied.has(path)) return 'cannot be made: a directory is in its way';
  const entries = await readdir(join(directory, path), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const inside = relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/');
    const goes = entry.isDirectory() ? emptied : deleted;
    if (!goes.has(inside)) return `cannot be made: ${inside} is in its way`;
  }
  return undefined;
}

async function kindOf(path: string): Promise<'file' | 'directory' | 'link' | 'none'> {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) return 'link';
    return stat.isDirectory() ? 'directory' : 'file';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'none';
    throw error;
  }
}

/** The change is on disk already: an earlier attempt was ended in the middle, or this is not the first. */
async function isMade(
  file: string,
  kind: Awaited<ReturnType<typeof kindOf>>,
  after: Uint8Array | null,
): Promise<boolean> {
  if (after === null) return kind === 'none';
  return kind === 'file' && Buffer.compare(await readFile(file), after) === 0;
}

async function applyOne(directory: string, { path, before, after }: FileDifference): Promise<void> {
  const file = join(directory, path);
  if (await isMade(file, await kindOf(file), after)) return;
  if (after === null) {
    await unlink(file);
    await removeEmptyParents(directory, path);
    return;
  }
  const mode = before === null ? 0o666 : (await lstat(file)).mode & 0o7777;
  await mkdir(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${basename(file).slice(0, 200)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, after, { flag: 'wx', mode });
    // The process's umask has had its say in the mode.
    if (before !== null) await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function removeEmptyParents(directory: string, path: string): Promise<void> {
  for (const parent of parentsOf(path)) {
    try {
      await rmdir(join(directory, parent));
    } catch {
      return; // Not empty: neither is any above it.
    }
  }
}

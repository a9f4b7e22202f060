import { ConfigFileError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { globMatcher } from '../workspace/glob.ts';
import type { Job, JobRow } from './job.ts';

/** One session of a batch. */
export interface BatchItem {
  /** The file's or directory's path, the row's `id`, or `row-3`. Unique in the batch, and the same in every run. */
  readonly id: string;
  /** From 1, in the batch's order. */
  readonly number: number;
  readonly prompt: string;
}

/**
 * A job's items over the files it is about, in byte order of their paths or in the order of its rows.
 * @param source  the job file, named in errors
 * @throws {ConfigFileError} `invalid_job` for a placeholder that no column fills, two rows of one id or an empty one;
 *   `no_match` for a glob that matches nothing
 */
export function planItems(job: Job, image: BaseImage, source: string): readonly BatchItem[] {
  const rows = rowsOf(job, image, source);
  const ids = new Set<string>();
  return rows.map((row, i) => {
    const id = row['id'] ?? row['path'] ?? `row-${i + 1}`;
    if (id.trim() === '') throw invalid(source, `row ${i + 1} of each has an empty id; give it one`);
    if (ids.has(id)) throw invalid(source, `two rows of each have the id "${id}"; give each its own`);
    ids.add(id);
    return { id, number: i + 1, prompt: render(job.prompt, row, source) };
  });
}

function rowsOf({ each }: Job, image: BaseImage, source: string): readonly JobRow[] {
  if (each.kind === 'rows') return each.rows;
  const paths = each.kind === 'files' ? image.paths() : directoriesOf(image);
  const isLeftOut = matcherOf(each.globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)));
  const matched = new Set<string>();
  for (const glob of each.globs.filter((wanted) => !wanted.startsWith('!'))) {
    const isWanted = globMatcher([glob]);
    const found = paths.filter((path) => isWanted(path) && !isLeftOut(path));
    if (found.length === 0) throw noMatch(each.kind, glob, image, source);
    for (const path of found) matched.add(path);
  }
  const selected = paths.filter((path) => matched.has(path));
  return (each.kind === 'files' ? selected : outermost(selected)).map((path) => ({ path }));
}

function matcherOf(globs: readonly string[]): (path: string) => boolean {
  return globs.length === 0 ? () => false : globMatcher(globs);
}

/** Every directory that holds a file, in the order of the paths. */
function directoriesOf(image: BaseImage): string[] {
  const directories = new Set<string>();
  for (const path of image.paths()) {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      directories.add(path.slice(0, end));
    }
  }
  return [...directories];
}

/** A directory inside another item is part of that one: two sessions should not be given the same files. */
function outermost(directories: readonly string[]): string[] {
  const kept = new Set<string>();
  return directories.filter((directory) => {
    for (let end = directory.indexOf('/'); end !== -1; end = directory.indexOf('/', end + 1)) {
      if (kept.has(directory.slice(0, end))) return false;
    }
    kept.add(directory);
    return true;
  });
}

/** `{{ column }}` → the row's value. */
function render(prompt: string, row: JobRow, source: string): string {
  return prompt.replace(/\{\{\s*([^{}]*?)\s*\}\}/g, (placeholder, column: string) => {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    if (value !== undefined) return value;
    const hint = nearest(column, Object.keys(row));
    const known = Object.keys(row).join(', ');
    throw invalid(
      source,
      `the prompt's ${placeholder} names no column of its items; ${hint === undefined ? `they have ${known}` : `did you mean {{${hint}}}?`}`,
    );
  });
}

function noMatch(kind: 'files' | 'dirs', glob: string, image: BaseImage, source: string): ConfigFileError {
  const what = kind === 'files' ? 'none' : 'no directory';
  const skipped =
    image.skipped.length === 0
      ? ''
      : ` Left out were ${image.skipped.length}, such as ${image.skipped[0]!.path} (${image.skipped[0]!.reason}).`;
  return new ConfigFileError(
    'no_match',
    `Job file ${source}: each.${kind} "${glob}" matches ${what} of the ${image.fileCount} files that were read; ` +
      `globs start at the batch's directory (--dir).${skipped}`,
  );
}

function invalid(source: string, problem: string): ConfigFileError {
  return new ConfigFileError(
    'invalid_job',
    `Job file ${source}: ${problem}${problem.endsWith('?') ? '' : '.'}`,
  );
}

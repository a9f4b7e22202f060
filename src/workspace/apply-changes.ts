import { resolve } from 'node:path';
import { DiskChangedError, InvalidOptionError, OutputError, WriteFailedError } from '../errors.ts';
import { planChanges, type AppliedFile, type ConflictRule } from './apply-plan.ts';
import { ChangedMeanwhileError, DirectoryTransaction } from './directory-transaction.ts';
import { codeOf, kindOf, realDisk, type Disk } from './disk.ts';
import type { FileDifference } from './files-view.ts';

export interface ApplyOptions {
  /** Compare and report, and write nothing. Default false. */
  readonly check?: boolean;
  /** Default `merge`. */
  readonly conflict?: ConflictRule;
}

export interface ApplyReport {
  /** Absolute, without symbolic links. */
  readonly directory: string;
  /** Nothing was written: `files` is what would become of them. */
  readonly checked: boolean;
  /** Every changed file, in byte order of the paths. */
  readonly files: readonly AppliedFile[];
  /** Originals, by their path in the directory, that could not be removed when all was done; empty as a rule. */
  readonly leftovers: readonly string[];
}

const RULES: readonly ConflictRule[] = ['merge', 'refuse', 'skip', 'overwrite'];

/**
 * Writes changes to the real directory that their base came from. Every file is compared first, and what is to be
 * done where one is no longer what the session saw is for `conflict` to say. Then all files are written or none. Each
 * is replaced in one step and keeps its mode, and its owner where that is possible; directories that deletions leave
 * empty go. What is on disk already is left alone, so that an attempt which was cut off can be repeated. Symbolic
 * links are never followed, other than in `directory` itself.
 *
 * Where the disk ignores case, a new path that differs only by it from one that is there is refused, as it is there. A
 * file that has a second name (a hard link) keeps its old content under that one, as with git; access lists and
 * extended attributes of a replaced file are lost.
 * @throws {DiskChangedError} `disk_changed`: nothing was written
 * @throws {WriteFailedError} `write_failed`: the disk was full, or refused; all was put back, or it names what was not
 * @throws {OutputError} `output_unwritable`: there is no such directory
 * @throws {InvalidOptionError}
 */
export async function applyChanges(
  directory: string,
  changes: readonly FileDifference[],
  options: ApplyOptions = {},
): Promise<ApplyReport> {
  return applyOn(realDisk, directory, changes, options);
}

/** {@link applyChanges} on a given disk. */
export async function applyOn(
  disk: Disk,
  directory: string,
  changes: readonly FileDifference[],
  options: ApplyOptions,
): Promise<ApplyReport> {
  const { check, conflict } = checkOptions(directory, options);
  const root = await realRoot(disk, directory);
  const plan = await planning(directory, planChanges(disk, root, changes, conflict));
  if (plan.problems.length > 0) throw new DiskChangedError({ directory, problems: plan.problems });
  if (check) return { directory: root, checked: true, files: plan.files, leftovers: [] };

  const transaction = new DirectoryTransaction(disk, root, plan.writes);
  try {
    await transaction.make();
  } catch (cause) {
    const { at } = transaction;
    const unrestored = await transaction.undo();
    if (unrestored.length === 0 && cause instanceof ChangedMeanwhileError)
      throw new DiskChangedError({ directory, problems: [{ path: cause.path, problem: cause.problem }] });
    throw new WriteFailedError({ directory, path: at ?? '', unrestored, cause });
  }
  return { directory: root, checked: false, files: plan.files, leftovers: await transaction.finish() };
}

async function realRoot(disk: Disk, directory: string): Promise<string> {
  let why: string;
  try {
    const root = await disk.realpath(resolve(directory));
    const kind = await kindOf(disk, root);
    if (kind === 'directory') return root;
    why = `is no directory`;
  } catch (error) {
    why = `cannot be read (${codeOf(error)})`;
  }
  throw new OutputError('output_unwritable', `Nothing was written: ${directory} ${why}.`);
}

async function planning<Plan>(directory: string, plan: Promise<Plan>): Promise<Plan> {
  try {
    return await plan;
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutputError(
      'output_unwritable',
      `Nothing was written to ${directory}, because it cannot be read: ${why}.`,
      { cause },
    );
  }
}

function checkOptions(directory: string, options: ApplyOptions): Required<ApplyOptions> {
  // Resolved, an empty path would be the working directory, which nobody has named.
  if (typeof directory !== 'string' || directory === '')
    throw new InvalidOptionError({
      option: 'apply.directory',
      problem: `must be the path of a directory, got ${JSON.stringify(directory)}`,
    });
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError({
      option: 'apply.options',
      problem: `must be an object, got ${JSON.stringify(options)}`,
    });
  for (const name of Object.keys(options)) {
    if (name !== 'check' && name !== 'conflict')
      throw new InvalidOptionError({
        option: `apply.${name}`,
        problem: 'is unknown; apply takes check, conflict',
      });
  }
  const { check = false, conflict = 'merge' } = options;
  if (typeof check !== 'boolean')
    throw new InvalidOptionError({
      option: 'apply.check',
      problem: `must be true or false, got ${String(check)}`,
    });
  if (!RULES.includes(conflict))
    throw new InvalidOptionError({
      option: 'apply.conflict',
      problem: `must be one of ${RULES.join(', ')}, got ${String(conflict)}`,
    });
  return { check, conflict };
}

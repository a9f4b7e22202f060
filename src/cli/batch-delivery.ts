import { existsSync } from 'node:fs';
import { access, constants, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { countOf } from '../batch/format.ts';
import { GitRepository } from '../batch/git-repository.ts';
import { OutputError, UsageError } from '../errors.ts';
import { applyChanges, type ApplyReport } from '../workspace/apply-changes.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import type { BatchCommandOptions } from './batch-options.ts';

/** Where a batch's merged changes went. */
export type Delivered =
  /** Nowhere: nobody asked for it. */
  | { readonly to: 'nowhere' }
  | { readonly to: 'files'; readonly report: ApplyReport }
  /** `commit` is null when there was nothing to commit: then there is no branch either. */
  | { readonly to: 'branch'; readonly branch: string; readonly commit: string | null }
  | {
      readonly to: 'worktree';
      readonly branch: string;
      readonly path: string;
      readonly report: ApplyReport;
    };

/** What is known of the batch when its changes are delivered. */
export interface DeliveredBatch {
  readonly name: string;
  readonly itemsDone: number;
  /** Output directory. */
  readonly out: string;
  readonly changes: readonly FileDifference[];
}

/** How a batch's merged changes are to be delivered. */
export interface Delivery {
  /**
   * Refuses now what would fail after everything has been paid for.
   * @param directory  that the batch is about
   * @param out  the output directory, where it is there already
   * @throws {GitError} @throws {OutputError} `output_exists`, `output_unwritable`
   */
  prepare(directory: string, out?: string): Promise<void>;
  /** @throws {GitError} @throws {OutputError} */
  deliver(directory: string, batch: DeliveredBatch): Promise<Delivered>;
}

/** @throws {UsageError} when more than one place is named */
export function chooseDelivery({ write, branch, worktree }: BatchCommandOptions): Delivery | undefined {
  const given = [
    write && '--write',
    branch !== undefined && '--branch',
    worktree !== undefined && '--worktree',
  ];
  const names = given.filter((name) => typeof name === 'string');
  if (names.length > 1)
    throw new UsageError('usage', `Options ${names.join(' and ')} exclude each other; give one of them.`);
  if (branch !== undefined) return new BranchDelivery(branch);
  if (worktree !== undefined) return new WorktreeDelivery(worktree === true ? undefined : resolve(worktree));
  return write ? INTO_FILES : undefined;
}

const INTO_FILES: Delivery = {
  prepare: () => Promise.resolve(),
  async deliver(directory, { changes }) {
    return { to: 'files', report: await applyChanges(directory, changes) };
  },
};

class BranchDelivery implements Delivery {
  readonly #branch: string;

  constructor(branch: string) {
    this.#branch = branch;
  }

  async prepare(directory: string): Promise<void> {
    const repository = await GitRepository.open(directory);
    await repository.checkBranch(this.#branch);
    await repository.checkIdentity();
  }

  async deliver(directory: string, { name, itemsDone, changes }: DeliveredBatch): Promise<Delivered> {
    const repository = await GitRepository.open(directory);
    const message = `${name}\n\nBy skein batch: ${countOf(itemsDone, 'item')} done.\n`;
    const commit = await repository.commitToBranch(this.#branch, changes, message);
    return { to: 'branch', branch: this.#branch, commit };
  }
}

class WorktreeDelivery implements Delivery {
  readonly #path: string | undefined;

  /** @param path  default `worktree`, in the output directory of the batch */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  async prepare(directory: string, out?: string): Promise<void> {
    await GitRepository.open(directory);
    const path = this.#path ?? (out === undefined ? undefined : defaultPlace(out));
    if (path !== undefined) await assertFree(path);
  }

  async deliver(directory: string, { name, out, changes }: DeliveredBatch): Promise<Delivered> {
    const path = this.#path ?? defaultPlace(out);
    await assertFree(path);
    const repository = await GitRepository.open(directory);
    const branch = branchOf(name, new Date());
    return { to: 'worktree', branch, path, report: await repository.addWorktree(path, branch, changes) };
  }
}

/** `skein/<name>-<time>`. Of what a job may be called, git takes neither two dots in a row nor one at the beginning. */
function branchOf(name: string, now: Date): string {
  const time = now
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, '');
  return `skein/${name.replace(/\.{2,}/g, '.').replace(/^\.+/, '')}-${time}-${process.pid}`;
}

function defaultPlace(out: string): string {
  return join(out, 'worktree');
}

async function assertFree(path: string): Promise<void> {
  if (!existsSync(path)) return assertCanHold(nearestAbove(path), path);
  const entries = await readdir(path).catch(() => undefined);
  if (entries?.length === 0) return;
  throw new OutputError(
    'output_exists',
    `The worktree cannot be made at ${path}: ${basename(path)} is there already${entries ? ', and is not empty' : ''}; name another place with --worktree.`,
  );
}

function nearestAbove(path: string): string {
  let above = dirname(path);
  while (!existsSync(above)) above = dirname(above);
  return above;
}

async function assertCanHold(directory: string, path: string): Promise<void> {
  try {
    // With a separator at its end a file is none.
    await access(directory + sep, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError(
      'output_unwritable',
      `The worktree cannot be made at ${path}: ${directory} takes no new files (${code}); name another place with --worktree.`,
      { cause },
    );
  }
}

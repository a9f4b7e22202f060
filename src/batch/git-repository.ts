import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GitError } from '../errors.ts';
import { applyChanges, type ApplyReport } from '../workspace/apply-changes.ts';
import { asBuffer } from '../workspace/bytes.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import { parentsOf } from '../workspace/from-files.ts';
import { FileOnDisk } from '../workspace/merge-with-disk.ts';
import { git, runGit } from './run-git.ts';

/** A file of a commit. */
interface TreeFile {
  readonly mode: string;
  readonly objectId: string;
}

/** What a commit has at certain paths and around them. */
interface TreeExcerpt {
  /** At the paths, and where directories above them would have to be. */
  readonly files: ReadonlyMap<string, TreeFile>;
  /** By path, of those where it has a directory: all files in it. */
  readonly inside: ReadonlyMap<string, readonly string[]>;
}

/** A path of the repository that the new commit has otherwise than HEAD; null: it has it no more. */
interface IndexChange {
  readonly path: string;
  readonly mode: string;
  readonly content: Buffer | null;
}

const REGULAR = ['100644', '100755'];
const MAX_SHOWN_PROBLEMS = 5;

/**
 * A directory in a git repository, and what is done there with a batch's changes. All of it is done by the user's own
 * git; neither the working tree nor the index is ever touched, and no hook is run.
 */
export class GitRepository {
  /** The directory that paths of changes are relative to. */
  readonly #directory: string;
  /** It, from the top of the repository: `''`, or `packages/a/`. */
  readonly #prefix: string;

  /**
   * @throws {GitError} `git_missing`, `git_failed`; `git_unusable` where it is in no repository, or that one has no
   *   working tree or no commit yet
   */
  static async open(directory: string): Promise<GitRepository> {
    const real = await realpath(directory);
    const asked = await runGit(real, ['rev-parse', '--is-inside-work-tree', '--show-prefix']);
    if (asked.exitCode !== 0) throw unusable(directory, asked.stderr.replace(/^fatal: /, ''));
    const [isInside, prefix = ''] = asked.stdout.toString().split('\n');
    if (isInside !== 'true') throw unusable(directory, 'it is a bare repository, or inside .git');
    const repository = new GitRepository(real, prefix);
    const head = await runGit(real, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
    if (head.exitCode !== 0) throw unusable(directory, 'its repository has no commit yet; make a first one');
    return repository;
  }

  private constructor(directory: string, prefix: string) {
    this.#directory = directory;
    this.#prefix = prefix;
  }

  /** That a branch of this name can be made. @throws {GitError} `invalid_branch`, `branch_exists`, `git_failed` */
  async checkBranch(branch: string): Promise<void> {
    const checked = await runGit(this.#directory, ['check-ref-format', `refs/heads/${branch}`]);
    if (checked.exitCode !== 0 || branch.startsWith('-') || branch === 'HEAD')
      throw new GitError('invalid_branch', `"${branch}" is no name that git takes for a branch.`);
    const listed = await git(this.#directory, [
      'for-each-ref',
      '--format=%(refname:lstrip=2)',
      'refs/heads/',
    ]);
    const names = listed
      .toString()
      .split('\n')
      .filter((name) => name !== '');
    const taken = names.find(
      // Git keeps branches like files: beside `a` there can be no `a/b`.
      (name) => name === branch || name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`),
    );
    if (taken === undefined) return;
    const clash = taken === branch ? 'exists already' : `cannot be beside ${taken}, which exists`;
    throw new GitError('branch_exists', `Branch ${branch} ${clash}; name another one.`);
  }

  /** That git knows who commits. @throws {GitError} `git_unusable` */
  async checkIdentity(): Promise<void> {
    for (const who of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT']) {
      const { exitCode } = await runGit(this.#directory, ['var', who]);
      if (exitCode === 0) continue;
      throw new GitError(
        'git_unusable',
        'Git does not know who commits; tell it: git config user.name "Your Name", git config user.email you@example.org.',
      );
    }
  }

  /**
   * Makes a branch of one commit on HEAD. Where HEAD has a file otherwise than the sessions saw it, because of changes
   * that are not committed, the two are merged. The commit is not signed.
   * @returns the commit's id; null when there is nothing to commit, and then there is no branch
   * @throws {GitError} `git_conflict`: a file of HEAD does not go together with its changes, and nothing was made;
   *   `branch_exists`, `git_failed`
   */
  async commitToBranch(
    branch: string,
    changes: readonly FileDifference[],
    message: string,
  ): Promise<string | null> {
    await this.checkBranch(branch);
    const head = await this.#head();
    const wanted = await this.#onHead(head, changes);
    if (wanted.length === 0) return null;
    const scratch = await mkdtemp(join(tmpdir(), 'skein-git-'));
    try {
      const env = { GIT_INDEX_FILE: join(scratch, 'index') };
      await git(this.#directory, ['read-tree', head], { env });
      const lines = await this.#writeObjects(wanted, head, scratch);
      await git(this.#directory, ['update-index', '-z', '--index-info'], { input: lines, env });
      const tree = (await git(this.#directory, ['write-tree'], { env })).toString().trim();
      const commit = (
        await git(this.#directory, ['commit-tree', '--no-gpg-sign', '-p', head, '-F', '-', tree], {
          input: message,
        })
      )
        .toString()
        .trim();
      // Of zeros: only if nobody has made it meanwhile.
      const none = '0'.repeat(head.length);
      await git(this.#directory, [
        'update-ref',
        '-m',
        'skein batch',
        '--',
        `refs/heads/${branch}`,
        commit,
        none,
      ]);
      return commit;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /**
   * Makes a worktree with a new branch on HEAD, and writes the changes there; they are not committed. When it cannot be
   * made, or they cannot be written, there is neither worktree nor branch afterwards.
   * @throws {GitError} `branch_exists`, `git_failed` @throws {OutputError} as `applyChanges`
   */
  async addWorktree(path: string, branch: string, changes: readonly FileDifference[]): Promise<ApplyReport> {
    await this.checkBranch(branch);
    const place = resolve(path);
    // The branch comes second: git leaves it behind where it cannot make the worktree of it.
    await git(this.#directory, ['worktree', 'add', '--detach', '--', place, await this.#head()]);
    let hasBranch = false;
    try {
      await git(place, ['checkout', '--quiet', '--no-track', '-b', branch]);
      hasBranch = true;
      const directory = join(place, this.#prefix);
      await mkdir(directory, { recursive: true });
      return await applyChanges(directory, changes);
    } catch (error) {
      await git(this.#directory, ['worktree', 'remove', '--force', '--', place]);
      if (hasBranch) await git(this.#directory, ['branch', '-D', '--', branch]);
      throw error;
    }
  }

  async #head(): Promise<string> {
    const id = await git(this.#directory, ['rev-parse', '--verify', 'HEAD^{commit}']);
    return id.toString().trim();
  }

  /** What the changes come to on HEAD. */
  async #onHead(head: string, changes: readonly FileDifference[]): Promise<IndexChange[]> {
    const paths = new Set(changes.map(({ path }) => this.#prefix + path));
    const tree = await this.#excerptOf(head, paths);
    const { files } = tree;
    const contents = await this.#read(
      [...files].flatMap(([path, file]) => (paths.has(path) && isRegular(file) ? [file] : [])),
    );
    const problems: string[] = [];
    const wanted: IndexChange[] = [];
    for (const change of changes) {
      const path = this.#prefix + change.path;
      const file = files.get(path);
      const outcome =
        linkAbove(path, files) ??
        onHead(change, file, file && isRegular(file) ? contents.get(file.objectId) : undefined);
      if (typeof outcome === 'string') problems.push(`${change.path} ${outcome}`);
      else if (outcome !== undefined) wanted.push({ path, mode: file?.mode ?? REGULAR[0]!, ...outcome });
    }
    // Git would make room, and say nothing of it.
    for (const { path, inTheWay } of obstaclesTo(wanted, tree))
      problems.push(`${path.slice(this.#prefix.length)} cannot be made, because HEAD has ${inTheWay}`);
    if (problems.length === 0) return wanted;
    const hidden = problems.length - MAX_SHOWN_PROBLEMS;
    const shown = problems.slice(0, MAX_SHOWN_PROBLEMS).join('; ');
    throw new GitError(
      'git_conflict',
      `Nothing was committed: ${shown}${hidden > 0 ? ` and ${hidden} more` : ''}. Commit your own changes first, or use --write.`,
    );
  }

  async #excerptOf(commit: string, paths: ReadonlySet<string>): Promise<TreeExcerpt> {
    const listing = await git(this.#directory, ['ls-tree', '-r', '-z', '--full-tree', commit]);
    const above = new Set([...paths].flatMap((path) => [...parentsOf(path)]));
    const files = new Map<string, TreeFile>();
    const inside = new Map<string, string[]>();
    for (const line of listing.toString().split('\0')) {
      const tab = line.indexOf('\t');
      if (tab === -1) continue;
      const path = line.slice(tab + 1);
      for (const parent of parentsOf(path)) {
        if (!paths.has(parent)) continue;
        const siblings = inside.get(parent);
        if (siblings) siblings.push(path);
        else inside.set(parent, [path]);
      }
      if (!paths.has(path) && !above.has(path)) continue;
      const [mode = '', , objectId = ''] = line.slice(0, tab).split(' ');
      files.set(path, { mode, objectId });
    }
    return { files, inside };
  }

  /** The contents of files, by their ids. */
  async #read(files: readonly TreeFile[]): Promise<Map<string, Buffer>> {
    const contents = new Map<string, Buffer>();
    if (files.length === 0) return contents;
    const input = files.map(({ objectId }) => `${objectId}\n`).join('');
    const output = await git(this.#directory, ['cat-file', '--batch'], { input });
    let at = 0;
    for (const { objectId } of files) {
      const headEnd = output.indexOf('\n', at);
      const size = Number(output.toString('latin1', at, headEnd).split(' ')[2]);
      if (headEnd === -1 || !Number.isSafeInteger(size))
        throw new GitError('git_failed', `git cat-file did not give the object ${objectId}.`);
      contents.set(objectId, output.subarray(headEnd + 1, headEnd + 1 + size));
      at = headEnd + 1 + size + 1;
    }
    return contents;
  }

  /** @returns the input of `git update-index -z --index-info` */
  async #writeObjects(wanted: readonly IndexChange[], head: string, scratch: string): Promise<string> {
    const none = '0'.repeat(head.length);
    const kept = wanted.flatMap((change) =>
      change.content === null ? [] : [{ ...change, content: change.content }],
    );
    const names = kept.map((_, i) => join(scratch, String(i)));
    for (const [i, { content }] of kept.entries()) await writeFile(names[i]!, content);
    const input = names.map((name) => `${name}\n`).join('');
    // As they are: the merge is with what is in HEAD, which has been through all filters.
    const hashed = await git(this.#directory, ['hash-object', '-w', '--no-filters', '--stdin-paths'], {
      input,
    });
    const ids = hashed.toString().split('\n');
    // What goes makes room for a file where a directory was, and the other way round.
    const gone = wanted.filter(({ content }) => content === null).map(({ path }) => `0 ${none}\t${path}\0`);
    return [...gone, ...kept.map(({ path, mode }, i) => `${mode} ${ids[i]!}\t${path}\0`)].join('');
  }
}

function isRegular({ mode }: TreeFile): boolean {
  return REGULAR.includes(mode);
}

/** Why the commit can have no file at a path, nor says anything of one that is gone. */
function linkAbove(path: string, files: TreeExcerpt['files']): string | undefined {
  for (const parent of parentsOf(path)) {
    const file = files.get(parent);
    if (file && !isRegular(file))
      return `is behind ${parent}, which is a symbolic link or a submodule in HEAD`;
  }
  return undefined;
}

/** New files that are where a directory would have to be, or the other way round, of what nobody has deleted. */
function obstaclesTo(
  wanted: readonly IndexChange[],
  { files, inside }: TreeExcerpt,
): { path: string; inTheWay: string }[] {
  const deleted = new Set(wanted.flatMap(({ path, content }) => (content === null ? [path] : [])));
  return wanted.flatMap(({ path, content }) => {
    if (content === null) return [];
    const inTheWay = [
      ...[...parentsOf(path)].filter((parent) => files.has(parent)),
      ...(inside.get(path) ?? []),
    ].find((other) => !deleted.has(other));
    return inTheWay === undefined ? [] : [{ path, inTheWay }];
  });
}

/**
 * What one change comes to on a commit's version of the file.
 * @returns undefined for what is there already; a text says why the two do not go together
 */
function onHead(
  { before, after }: FileDifference,
  file: TreeFile | undefined,
  there: Buffer | undefined,
): { content: Buffer | null } | string | undefined {
  if (file && !there) return 'is a symbolic link or a submodule in HEAD';
  if (!there) {
    if (after === null) return undefined;
    return before === null ? { content: asBuffer(after) } : 'is not in HEAD, but was there when it was read';
  }
  if (after !== null && there.equals(after)) return undefined;
  if (before === null) return 'is in HEAD, but was not there when it was read';
  const isSeen = there.equals(before) || new FileOnDisk(there).isSameText(asBuffer(before));
  if (after === null) return isSeen ? { content: null } : 'was deleted, but is another file in HEAD';
  if (there.equals(before)) return { content: asBuffer(after) };
  const merged = new FileOnDisk(there).merge(asBuffer(before), asBuffer(after));
  if (typeof merged === 'string') return `is another file in HEAD: it ${merged}`;
  return merged.equals(there) ? undefined : { content: merged };
}

function unusable(directory: string, problem: string): GitError {
  return new GitError('git_unusable', `Git cannot be used on ${directory}: ${problem.replace(/\.$/, '')}.`);
}

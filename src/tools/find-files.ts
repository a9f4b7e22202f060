import { ignoredFiles } from '../workspace/ignored-files.ts';
import { resolvePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { globFilter } from './glob.ts';
import { nearestDirectories } from './near-paths.ts';
import { ToolFailure } from './tool-failure.ts';

export interface FileQuery {
  /** Where to look; '.' for all files. */
  readonly directory: string;
  /** Relative to the directory, see {@link globFilter}. */
  readonly globs: string;
  /** A glob without a slash matches names at any depth. Default false. */
  readonly matchBase?: boolean;
  /** Takes what `.gitignore` files and habit leave out. Default false. */
  readonly includeIgnored?: boolean;
}

export interface FoundFiles {
  /** From the workspace's root, in the order of {@link Workspace.list}. */
  readonly files: string[];
  /** Files that match and that `.gitignore` files leave out. */
  readonly ignoredCount: number;
}

/**
 * Files under a directory that globs select. What a `.gitignore` file leaves out is found only where the directory, or a
 * glob up to its first wildcard, leads to it. Globs are regular expressions: call it with a time limit.
 * @throws {ToolFailure} when the directory is not there or a glob is unusable
 */
export function findFiles(workspace: Workspace, query: FileQuery): FoundFiles {
  const root = resolvePath(query.directory);
  checkDirectory(workspace, query.directory, root);
  const includeIgnored = query.includeIgnored === true;
  const filter = globFilter(query.globs, {
    matchBase: query.matchBase === true,
    includeSkipped: includeIgnored,
  });
  const prefix = root === '' ? 0 : root.length + 1;
  const below = (path: string): string => (prefix === 0 ? path : path.slice(prefix));
  const all = workspace.list(root);
  const matching = all.filter((path) => filter.matches(below(path)));
  if (includeIgnored || matching.length === 0) return { files: matching, ignoredCount: 0 };
  const ignored = ignoredFiles(workspace, root === '' ? all : workspace.list());
  if (!ignored || ignored.directory(root)) return { files: matching, ignoredCount: 0 };

  const wanted = filter.directories.filter((name) =>
    ignored.directory(prefix === 0 ? name : `${root}/${name}`),
  );
  const isWanted = (path: string): boolean =>
    filter.names(path) || wanted.some((directory) => path.startsWith(`${directory}/`));
  const files = matching.filter((path) => !ignored.file(path) || isWanted(below(path)));
  return { files, ignoredCount: matching.length - files.length };
}

function checkDirectory(workspace: Workspace, directory: string, root: string): void {
  // An empty workspace has a root too, whatever it says of its directories.
  if (root === '') return;
  const stat = workspace.stat(root);
  if (stat?.kind === 'directory') return;
  if (stat) throw new ToolFailure(`${directory} is a file, not a directory`);
  const near = nearestDirectories(workspace, root);
  throw new ToolFailure(
    `no such directory: ${directory}${near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`}`,
  );
}

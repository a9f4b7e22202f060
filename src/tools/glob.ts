import picomatch from 'picomatch/posix.js';
import { resolvePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { ToolFailure } from './tool-failure.ts';

/** Left out of every listing, unless the pattern or the directory names them. Hidden names are left out likewise. */
const SKIPPED = ['.git', 'node_modules', '__pycache__'];
const MAX_GLOB_CHARS = 1_000;
const MAX_CACHED = 64;

type PathTest = (path: string) => boolean;

// Compiling a pattern costs more than a small listing, and models repeat themselves.
const compiled = new Map<string, PathTest>();

/**
 * Files under a directory that a glob selects, in the order of {@link Workspace.list}, as paths from the workspace's root.
 * @param glob  relative to the directory; null for all files
 * @param options.matchBase  a glob without a slash matches names at any depth, as ripgrep's `--glob` does
 * @throws {ToolFailure} when the directory is not there or the glob is unusable
 */
export function findFiles(
  workspace: Workspace,
  directory: string,
  glob: string | null,
  options: { readonly matchBase?: boolean } = {},
): string[] {
  const root = resolvePath(directory);
  // An empty workspace has a root too, whatever it says of its directories.
  if (root !== '') {
    const stat = workspace.stat(root);
    if (!stat) throw new ToolFailure(`no such directory: ${directory}`);
    if (stat.kind === 'file') throw new ToolFailure(`${directory} is a file, not a directory`);
  }
  const matches = testFor(glob ?? '**/*', options.matchBase === true);
  const prefix = root === '' ? 0 : root.length + 1;
  return workspace.list(root).filter((path) => matches(prefix === 0 ? path : path.slice(prefix)));
}

function testFor(glob: string, matchBase: boolean): PathTest {
  const key = `${matchBase ? 'b' : 'p'}${glob}`;
  let test = compiled.get(key);
  if (!test) {
    test = compile(glob, matchBase);
    if (compiled.size >= MAX_CACHED) compiled.clear();
    compiled.set(key, test);
  }
  return test;
}

function compile(glob: string, matchBase: boolean): PathTest {
  let pattern = glob.replace(/^(?:\.?\/+)+/, '');
  if (pattern === '' || pattern.endsWith('/')) pattern += '**';
  if (pattern.length > MAX_GLOB_CHARS) {
    throw new ToolFailure(`the glob has ${pattern.length} characters; at most ${MAX_GLOB_CHARS} are allowed`);
  }
  const named = pattern.split('/');
  const skipped = SKIPPED.filter((name) => !named.includes(name));
  const isSkipped = (path: string): boolean =>
    skipped.some((name) => path.startsWith(`${name}/`) || path.includes(`/${name}/`));

  if (pattern === '**/*' || pattern === '**') {
    return (path) => !path.startsWith('.') && !path.includes('/.') && !isSkipped(path);
  }
  const byName = matchBase && named.length === 1;
  let matches: PathTest;
  try {
    matches = byName ? picomatch(pattern, { basename: true }) : picomatch(pattern);
  } catch (error) {
    throw new ToolFailure(
      `invalid glob ${JSON.stringify(glob)}: ${error instanceof Error ? error.message : 'refused'}`,
    );
  }
  // A test of the last name alone sees no hidden directory above it.
  if (byName) return (path) => matches(path) && !/(?:^|\/)\.[^/]*\//.test(path) && !isSkipped(path);
  return (path) => matches(path) && !isSkipped(path);
}

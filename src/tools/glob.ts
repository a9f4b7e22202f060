import picomatch from 'picomatch/posix.js';
import { ToolFailure } from './tool-failure.ts';

/** Left out of every listing, unless a glob or the directory names them. Hidden names are left out likewise. */
const SKIPPED = ['.git', 'node_modules', '__pycache__'];
const WILD = /[*?[\]{}()!+@\\]/;
const MAX_GLOB_CHARS = 1_000;
const MAX_CACHED = 64;

/** One or several globs, compiled. Paths are relative to the directory that is looked through. */
export interface GlobFilter {
  readonly matches: (path: string) => boolean;
  /** Whether a glob without wildcards names this very path. */
  readonly names: (path: string) => boolean;
  /** The directories that globs name before their first wildcard. */
  readonly directories: readonly string[];
}

export interface GlobOptions {
  /** A glob without a slash matches names at any depth, as ripgrep's `--glob` does. */
  readonly matchBase: boolean;
  /** Takes `node_modules` and `__pycache__` too. */
  readonly includeSkipped: boolean;
}

// Compiling a pattern costs more than a small listing, and models repeat themselves.
const compiled = new Map<string, GlobFilter>();

/**
 * Globs as a model writes them: several are separated by commas outside of braces, a `!` in front leaves out what matches.
 * With negative ones only, everything else is taken.
 * @throws {ToolFailure} when they cannot be used
 */
export function globFilter(globs: string, options: GlobOptions): GlobFilter {
  const key = `${options.matchBase ? 'b' : 'p'}${options.includeSkipped ? 'a' : 's'}${globs}`;
  let filter = compiled.get(key);
  if (!filter) {
    filter = compile(globs, options);
    if (compiled.size >= MAX_CACHED) compiled.clear();
    compiled.set(key, filter);
  }
  return filter;
}

function compile(globs: string, { matchBase, includeSkipped }: GlobOptions): GlobFilter {
  if (globs.length > MAX_GLOB_CHARS) {
    throw new ToolFailure(`the glob has ${globs.length} characters; at most ${MAX_GLOB_CHARS} are allowed`);
  }
  const taken: string[] = [];
  const leftOut: string[] = [];
  for (const glob of splitGlobs(globs)) {
    // `!(a|b)` is no negation.
    if (/^!(?!\()/.test(glob)) leftOut.push(normalised(glob.slice(1)));
    else taken.push(normalised(glob));
  }
  if (taken.length === 0) taken.push('**/*');
  const named = taken.flatMap((pattern) => pattern.split('/'));
  const skipped = includeSkipped ? [] : SKIPPED.filter((name) => !named.includes(name));
  const isSkipped = (path: string): boolean =>
    skipped.some((name) => path.startsWith(`${name}/`) || path.includes(`/${name}/`));

  const isTaken = anyOf(taken.map((pattern) => testOf(pattern, globs, matchBase, false)));
  const isLeftOut = anyOf(leftOut.map((pattern) => testOf(pattern, globs, matchBase, true)));
  return {
    matches: (path) => isTaken(path) && !isSkipped(path) && !isLeftOut(path),
    names: anyOf(
      taken.filter((pattern) => !WILD.test(pattern)).map((pattern) => nameTest(pattern, matchBase)),
    ),
    directories: taken.map(directoryOf).filter((directory) => directory !== ''),
  };
}

function testOf(pattern: string, globs: string, matchBase: boolean, dot: boolean): (path: string) => boolean {
  if (pattern === '**/*' || pattern === '**') {
    return dot ? () => true : (path) => !path.startsWith('.') && !path.includes('/.');
  }
  const byName = matchBase && !pattern.includes('/');
  let matches: (path: string) => boolean;
  try {
    matches = picomatch(pattern, { dot, ...(byName ? { basename: true } : {}) });
  } catch (error) {
    throw new ToolFailure(
      `invalid glob ${JSON.stringify(globs)}: ${error instanceof Error ? error.message : 'refused'}`,
    );
  }
  // A test of the last name alone sees no hidden directory above it.
  return byName && !dot ? (path) => matches(path) && !/(?:^|\/)\.[^/]*\//.test(path) : matches;
}

function nameTest(name: string, matchBase: boolean): (path: string) => boolean {
  if (matchBase && !name.includes('/')) return (path) => path === name || path.endsWith(`/${name}`);
  return (path) => path === name;
}

/** What stands before the first name with a wildcard. */
function directoryOf(pattern: string): string {
  const names = pattern.split('/');
  const wild = names.findIndex((name) => WILD.test(name));
  return names.slice(0, wild === -1 ? -1 : wild).join('/');
}

function normalised(glob: string): string {
  const pattern = glob.replace(/^(?:\.?\/+)+/, '');
  return pattern === '' || pattern.endsWith('/') ? `${pattern}**` : pattern;
}

/** At commas that stand in no brackets; `\,` is a comma of a name. */
function splitGlobs(globs: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < globs.length; i++) {
    const char = globs[i]!;
    if (char === '\\') i++;
    else if ('{[('.includes(char)) depth++;
    else if ('}])'.includes(char)) depth = Math.max(0, depth - 1);
    else if (char === ',' && depth === 0) {
      parts.push(globs.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(globs.slice(start));
  const wanted = parts.map((part) => part.trim()).filter((part) => part !== '');
  return wanted.length === 0 ? [globs] : wanted;
}

function anyOf(tests: readonly ((path: string) => boolean)[]): (path: string) => boolean {
  if (tests.length === 1) return tests[0]!;
  return (path) => tests.some((test) => test(path));
}

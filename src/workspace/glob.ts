import picomatch from 'picomatch/posix.js';

/**
 * Whether a relative POSIX path matches one of the globs. A leading `./` or `/` counts for nothing, names that start
 * with a dot are matched too, and a glob that names a directory takes all that is under it.
 */
export function globMatcher(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.map((glob) => glob.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, ''));
  return picomatch(
    patterns.flatMap((pattern) => (pattern === '' ? ['**'] : [pattern, `${pattern}/**`])),
    { dot: true },
  );
}

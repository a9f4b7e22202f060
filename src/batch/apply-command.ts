import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * The shell command that takes a patch over into the directory it is about. Inside a repository git reads the patch's
 * paths from the repository's top and silently skips what is not under the current directory, hence the prefix.
 */
export function applyCommand(directory: string, patchFile: string): string {
  // Git looks at the real path; by another one it would find nothing to do, and say nothing.
  const real = existsSync(directory) ? realpathSync(directory) : directory;
  const top = repositoryOf(real);
  const prefix = top === undefined ? '' : relative(top, real).split(sep).join('/');
  const option = prefix === '' ? '' : ` --directory=${quote(prefix)}`;
  return `git -C ${quote(directory)} apply${option} ${quote(resolve(patchFile))}`;
}

function repositoryOf(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

function quote(word: string): string {
  return /^[\w./@:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * The shell command that takes a patch over into the directory it is about. Inside a repository git reads the patch's
 * paths from the repository's top and silently skips what is not under the current directory, hence the prefix.
 */
export function applyCommand(directory: string, patchFile: string): string {
  const top = repositoryOf(directory);
  const prefix = top === undefined ? '' : relative(top, directory).split(sep).join('/');
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

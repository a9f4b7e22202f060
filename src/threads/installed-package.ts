import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workerFile } from './worker-file.ts';

/**
 * The directory of a package as the session worker would find it, by its name and the directories above the worker.
 * @param from  where to begin, absolute
 * @returns the path as it was found, possibly a link; undefined when the package is not installed
 */
export function installedPackage(
  name: string,
  from: string = dirname(workerFile('session')),
): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const found = join(directory, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (directory === dirname(directory)) return undefined;
  }
}

/**
 * Every directory that must be readable for a package to be loaded: its own and those of what it depends on, each where it
 * was found and where that really is. Empty when the package is not installed; dependencies that are not are left out.
 */
export function packageDirectories(name: string, from?: string): string[] {
  const directories = new Set<string>();
  const add = (found: string | undefined): void => {
    if (found === undefined || directories.has(found)) return;
    const real = realpathSync(found);
    directories.add(found).add(real);
    for (const dependency of dependenciesOf(real)) add(installedPackage(dependency, real));
  };
  add(installedPackage(name, from));
  return [...directories];
}

function dependenciesOf(directory: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies);
}

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installedPackage, packageDirectories } from '../../src/threads/installed-package.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'skein-installed-')));
afterAll(() => rmSync(root, { recursive: true }));

/** Makes a package. @returns its directory */
function install(path: string, dependencies: readonly string[] = []): string {
  const directory = join(root, path);
  mkdirSync(directory, { recursive: true });
  const all = Object.fromEntries(dependencies.map((name) => [name, '*']));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ dependencies: all }));
  return directory;
}

function link(from: string, to: string): string {
  mkdirSync(dirname(join(root, from)), { recursive: true });
  symlinkSync(join(root, to), join(root, from));
  return join(root, from);
}

describe('a package beside skein', () => {
  const workers = join(install('app/node_modules/skein'), 'dist/workers');
  const shell = install('app/node_modules/shell', ['@scope/dep', 'old', 'absent']);
  const dep = install('app/node_modules/@scope/dep', ['shell']);
  install('app/node_modules/old');
  const old = install('app/node_modules/shell/node_modules/old');

  it('is found from the worker upwards, the nearest first', () => {
    expect(installedPackage('shell', workers)).toBe(shell);
    expect(installedPackage('old', shell)).toBe(old);
    expect(installedPackage('absent', workers)).toBeUndefined();
  });

  it('is readable with what it depends on, as far as that is installed', () => {
    expect(packageDirectories('shell', workers)).toEqual([shell, dep, old]);
    expect(packageDirectories('absent', workers)).toEqual([]);
  });
});

describe('a package that is linked', () => {
  it('is readable where it is found and where it is', () => {
    const workers = join(install('store/skein@1/node_modules/skein'), 'dist/workers');
    const real = install('store/shell@1/node_modules/shell', ['dep']);
    const realDep = install('store/dep@1/node_modules/dep');
    const found = link('store/skein@1/node_modules/shell', 'store/shell@1/node_modules/shell');
    const foundDep = link('store/shell@1/node_modules/dep', 'store/dep@1/node_modules/dep');
    expect(packageDirectories('shell', workers)).toEqual([found, real, foundDep, realDep]);
  });
});

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = realpathSync(mkdtempSync(join(tmpdir(), 'skein-command-package-')));
const modules = join(app, 'node_modules');
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  bin: { skein: string };
};

function skein(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const command = join(modules, '.bin/skein');
  return spawnSync(process.execPath, [command, ...args], { cwd: app, encoding: 'utf8', timeout: 60_000 });
}

/** As npm lays it out: the files that it packs, a link to the command, and the packages beside it, but for libsql. */
beforeAll(() => {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  for (const { path } of files) cpSync(path, join(modules, 'skein', path));
  const missing = new Set(['skein', 'libsql']);
  for (const name of readdirSync('node_modules')) {
    if (name.startsWith('.') || missing.has(name)) continue;
    symlinkSync(realpathSync(join('node_modules', name)), join(modules, name));
  }
  mkdirSync(join(modules, '.bin'));
  symlinkSync(join('../skein', manifest.bin.skein), join(modules, '.bin/skein'));
  writeFileSync(join(app, 'script.yaml'), 'rules: [{ answer: { text: Done. } }]');
});
afterAll(() => rmSync(app, { recursive: true }));

describe('the command of an installed skein', { timeout: 60_000 }, () => {
  it('is of the version of its package', () => {
    expect(skein('--version')).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  it('runs a session without libsql', () => {
    const { status, stdout, stderr } = skein('run', '--model', 'scripted:script.yaml', 'Hi');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('"reply":"Done."');
  });

  it('says what a store in a file needs', () => {
    expect(skein('run', '--model', 'scripted:script.yaml', '--store', 'sqlite:s.db', 'Hi')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^skein: Store .*s\.db cannot be opened: the package libsql cannot be loaded \(.*\[store_unusable\]\n$/,
      ),
    });
  });
});

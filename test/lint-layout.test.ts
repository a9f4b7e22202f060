import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** A project of one's own that is linted as this one is, so that a crossed line can be drawn in it. */
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'skein-lint-'));
  for (const name of ['oxlint.config.mjs', 'tsconfig.json'])
    copyFileSync(join(ROOT, name), join(project, name));
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

/** What `npm run check:lint` has to say to a file of that content: the reasons it gives. */
async function lint(path: string, content: string): Promise<readonly string[]> {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), content);
  const [program = '', ...options] = scripts['check:lint']!.split(' ');
  const command = join(ROOT, 'node_modules', '.bin', program);
  const { stdout } = await promisify(execFile)(command, [...options, '--format', 'json', 'src'], {
    cwd: project,
  }).catch((error: { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: readonly { readonly message: string; readonly help?: string }[];
  };
  return diagnostics.map(({ message, help }) => help ?? message);
}

describe('npm run check:lint', () => {
  it('has nothing against an import that the layout allows', async () => {
    expect(await lint('src/pool/a.ts', "export { b } from '../journal/b.ts';\n")).toEqual([]);
  });

  it.each([
    [
      'another folder',
      'src/session/a.ts',
      '../pool/b.ts',
      /^session\/ does not import pool\/: only the coord/,
    ],
    ['one further up', 'src/tools/bash/a.ts', '../../pool/b.ts', /^tools\/ does not import pool\//],
    ['index.ts', 'src/pool/a.ts', '../index.ts', /^index\.ts is for users of the package/],
    [
      'a library of another file',
      'src/pool/a.ts',
      'undici',
      /^only src\/model\/undici-transport\.ts imports/,
    ],
  ])('refuses a line that is crossed to %s', async (_to, path, imported, reason) => {
    expect(await lint(path, `export { b } from '${imported}';\n`)).toEqual([expect.stringMatching(reason)]);
  });

  it('knows the types', async () => {
    expect(await lint('src/pool/a.ts', 'export function a() {\n  Promise.resolve();\n}\n')).toEqual([
      expect.stringMatching(/promise/i),
    ]);
  });
});

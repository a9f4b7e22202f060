import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withoutHostPaths } from '../src/host-paths.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

describe('a text about a failure', () => {
  it.each([
    ['the working directory', process.cwd()],
    ['the home directory', homedir()],
    ['the temporary directory', tmpdir()],
    ['the installation', PACKAGE],
  ])('keeps the last name of what lies in %s', (_what, root) => {
    const file = join(root, 'deep', 'data.json');
    expect(withoutHostPaths(`open '${file}' failed`)).toBe("open '[host]/data.json' failed");
    expect(withoutHostPaths(`at ${pathToFileURL(file).href}:3:4`)).toBe('at [host]/data.json:3:4');
    expect(withoutHostPaths(`in ${root}, or ${root}/`)).toBe('in [host], or [host]');
    expect(withoutHostPaths(`${file},${file}`)).toBe('[host]/data.json,[host]/data.json');
  });

  it('keeps paths of a session, which begin at / too', () => {
    const text = "not_found: /src/a.ts is not there, '/etc/passwd' neither; see https://example.com/a";
    expect(withoutHostPaths(text)).toBe(text);
    // Beside a directory of the host, not in it.
    expect(withoutHostPaths(`${tmpdir()}2/x`)).toBe(`${tmpdir()}2/x`);
  });

  it('loses stack traces', () => {
    const { stack = '' } = new Error('broken');
    expect(withoutHostPaths(stack)).toBe('Error: broken');
    expect(withoutHostPaths(`${stack}\nand that is all`)).toBe('Error: broken\nand that is all');
  });
});

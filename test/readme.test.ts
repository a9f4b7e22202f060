import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startScriptedModel } from '../src/model/scripted/server.ts';
import { turns } from './scenarios/support.ts';

const root = new URL('../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const [example] = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

it('the README’s example runs and prints a reply and a patch', async () => {
  expect(example?.trim().split('\n').length).toBeLessThanOrEqual(10);
  const server = await startScriptedModel({
    rules: turns(
      { calls: [{ name: 'edit', arguments: { path: 'greet.js', old_string: 'helo', new_string: 'hello' } }] },
      { text: 'Corrected one word.' },
    ),
  });
  // Inside the package, so that it finds `skein` as a user's program would.
  const directory = new URL('dist/readme/', root);
  const file = new URL('example.mjs', directory);
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, example ?? '');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(file)], {
      env: { ...process.env, MODEL_URL: server.baseURL },
    });
    expect(stdout).toMatch(/^Corrected one word\.\n/);
    expect(stdout).toContain("-console.log('helo');\n+console.log('hello');\n");
  } finally {
    await server.close();
    rmSync(directory, { recursive: true });
  }
});

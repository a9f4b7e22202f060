import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { folder, recordsOf } from '../cli/run-cli.ts';
import { turns } from './support.ts';

const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

it('npm start refactors over 150 real files on at least 8 sessions at a time, and its patch holds', () => {
  const temporary = folder({});
  try {
    const { stdout, stderr, status } = spawnSync(process.execPath, [example('main-job/run.js')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, TMPDIR: temporary.path },
    });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^✔ git apply --check takes the merged patch: \d+ files$/),
      '✔ every changed file parses as TypeScript',
      expect.stringMatching(/^✔ all \d+ relative imports in them name a file that is there$/),
      expect.stringMatching(
        /^No language model was used: a script answered\. To use one: npm start -- --model/,
      ),
    ]);
    expect(status).toBe(0);

    const records = recordsOf({ stdout, stderr, exitCode: status });
    expect(records[0]).toMatchObject({ type: 'batch.started', name: 'explicit-extensions' });
    expect(records[0]?.['concurrency']).toBeGreaterThanOrEqual(8);
    expect(records.at(-1)).toMatchObject({ type: 'batch.ended', exit: 0, conflicts: [] });
    const { totals, report } = records.at(-1) as unknown as {
      totals: Record<string, number>;
      report: string;
    };
    expect(totals['done']).toBe(totals['items']);
    expect(totals['files']).toBeGreaterThanOrEqual(150);
    expect(existsSync(report)).toBe(true);
    // The sources and the results stay; the copy that was checked does not.
    const [root = ''] = readdirSync(temporary.path);
    expect(readdirSync(join(temporary.path, root)).sort()).toEqual(['results', 'sources']);
  } finally {
    temporary.remove();
  }
});

it('the embedding example prints a reply and a patch', async () => {
  const server = await startScriptedModel({
    rules: turns(
      { calls: [{ name: 'edit', arguments: { path: 'greet.js', old_string: 'helo', new_string: 'hello' } }] },
      { text: 'Corrected one word.' },
    ),
  });
  try {
    const child = spawn(process.execPath, [example('embed.mjs')], {
      env: { ...process.env, MODEL_URL: server.baseURL },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stdout).toMatch(/^Corrected one word\.\n/);
    expect(stdout).toContain("-console.log('helo');\n+console.log('hello');\n");
  } finally {
    await server.close();
  }
});

it('the embedding example is the one that the README shows', () => {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const shown = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(readFileSync(example('embed.mjs'), 'utf8')).toContain(shown);
});

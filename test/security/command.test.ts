import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { folder, MAIN, skein } from '../cli/run-cli.ts';
import { answersWith, FAILURES, startEchoServer } from './echo-server.ts';
import { payloads } from './payloads.ts';

const hasTerminal = spawnSync('script', ['--version']).status === 0;
const KEY = 'canary/Qw7+zR2xV9bN4mK8jH3gF6dS1aP5oI0u';

let here: ReturnType<typeof folder> | undefined;
afterEach(() => here?.remove());

describe.skipIf(!hasTerminal)('a terminal (needs script of util-linux)', () => {
  it.each([1, 7])('gets no control byte of 520 payloads, in %i units a delta', (units) => {
    const text = payloads('terminal', 520)
      .map((payload) => `${payload}\n`)
      .join('');
    const answer = { text, chunks: Math.ceil(text.length / units) };
    here = folder({
      'a.ts': text,
      'fix.yaml': JSON.stringify({
        rules: [
          {
            match: { turn: 0 },
            answer: {
              calls: [
                { name: 'read', arguments: { path: text.slice(0, 3_000) } },
                { name: 'write', arguments: { path: 'a.ts', content: `${text}more` } },
              ],
            },
          },
          { answer },
        ],
      }),
    });
    const command = `stty cols 100 rows 40; ${process.execPath} ${MAIN} run go --model scripted:fix.yaml`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: here.path,
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color', NO_COLOR: '1' },
      encoding: 'utf8',
      input: '',
    });
    const screen = stdout.replaceAll('\r\n', '\n');
    expect(screen).toContain('1 file changed');
    expect(screen.split('EVIL').length).toBeGreaterThan(20);
    expect(screen).not.toMatch(/(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
  });
});

describe('a key that the provider echoes', () => {
  it('is in nothing that the commands print or write', async () => {
    const answers = [...FAILURES.slice(0, 12), ...answersWith(3)];
    const server = await startEchoServer(answers);
    try {
      const rows = answers.map((_, n) => ({ id: `n${n}`, n }));
      here = folder({
        'a.ts': 'one\n',
        'job.yaml': JSON.stringify({
          name: 'echo',
          prompt: 'number {{n}}',
          each: { rows },
          model: 'echo:any',
        }),
      });
      const env = { ECHO_API_KEY: KEY };
      const provider = ['--provider', `echo=${server.baseURL}`];
      const batch = await skein(['batch', 'job.yaml', '--out', 'out', ...provider], { cwd: here.path, env });
      const run = await skein(['run', 'number 0', '--model', 'echo:any', ...provider], {
        cwd: here.path,
        env,
      });
      const wrong = await skein(['run', 'x', '--model', `${KEY}:any`], { cwd: here.path, env });
      expect([batch.exitCode, run.exitCode, wrong.exitCode]).toEqual([1, 1, 2]);
      const out = join(here.path, 'out');
      const files = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
      const all = [batch, run, wrong].flatMap(({ stdout, stderr }) => [stdout, stderr]).concat(files);
      expect(all.join('')).toContain('[redacted]');
      for (const text of all) {
        for (let at = 0; at + 12 <= KEY.length; at += 1) expect(text).not.toContain(KEY.slice(at, at + 12));
      }
    } finally {
      await server[Symbol.asyncDispose]();
    }
  }, 60_000);
});

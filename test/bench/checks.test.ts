import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchCheck, CommandCheck } from '../../src/bench/check.ts';
import { checkAtOnce, checkByCommand } from '../../src/bench/run-check.ts';

const FILES = new Map<string, string | Uint8Array>([
  ['a.txt', 'hello world\n'],
  ['lib/b.bin', new Uint8Array([0xff, 0xfe, 0])],
]);
const NEVER = new AbortController().signal;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skein-checks-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function check(part: Partial<BenchCheck>, reply = ''): string | null {
  return checkAtOnce({ files: {}, reply: null, command: null, ...part }, { reply, files: FILES });
}

function command(part: Partial<CommandCheck>, signal = NEVER): Promise<string | null> {
  const whole = { words: ['true'], shell: false, timeoutMs: 10_000, ...part };
  return checkByCommand({ files: {}, reply: null, command: whole }, { reply: '', files: FILES }, signal);
}

/** A program in one line, as a command. */
const node = (code: string): string[] => [process.execPath, '-e', code];

describe('a check of the files', () => {
  it.each([
    ['a.txt', { is: 'there' }, null],
    ['/a.txt', { is: 'there' }, null],
    ['b.txt', { is: 'there' }, 'b.txt is not there'],
    ['b.txt', { is: 'absent' }, null],
    ['a.txt', { is: 'absent' }, 'a.txt is there'],
    ['a.txt', { is: 'equal', text: 'hello world\n' }, null],
    ['a.txt', { is: 'equal', text: 'hello world' }, 'a.txt has another content'],
    ['a.txt', { is: 'containing', text: 'o w' }, null],
    ['a.txt', { is: 'containing', text: 'bye' }, 'a.txt does not contain "bye"'],
    ['a.txt', { is: 'matching', pattern: '^HELLO', flags: 'i' }, null],
    ['a.txt', { is: 'matching', pattern: '^HELLO', flags: '' }, 'a.txt does not match /^HELLO/'],
    ['lib/b.bin', { is: 'there' }, null],
    ['lib/b.bin', { is: 'containing', text: 'x' }, 'lib/b.bin is no text'],
    ['c.txt', { is: 'equal', text: '' }, 'c.txt is not there'],
  ] as const)('%s %j', (path, wanted, problem) => {
    expect(check({ files: { [path]: wanted } })).toBe(problem);
  });

  it('needs all that is given', () => {
    const files = { 'a.txt': { is: 'there' }, 'b.txt': { is: 'there' } } as const;
    expect(check({ files })).toBe('b.txt is not there');
    expect(check({ files: { 'a.txt': { is: 'there' } }, reply: { pattern: 'x', flags: '' } })).toBe(
      'the reply does not match /x/',
    );
  });
});

describe('a check of the reply', () => {
  it('searches it, with the flags that are given', () => {
    expect(check({ reply: { pattern: 'done', flags: '' } }, 'It is done.')).toBeNull();
    expect(check({ reply: { pattern: '^done$', flags: 'im' } }, 'It is\nDONE')).toBeNull();
    expect(check({ reply: { pattern: '^done$', flags: '' } }, 'done.')).toBe(
      'the reply does not match /^done$/',
    );
  });
});

describe('a check by a command', () => {
  it('passes with exit code 0, beside a copy of the files', async () => {
    const code = `const { readFileSync } = require('fs');
      process.exit(readFileSync('a.txt', 'utf8') === 'hello world\\n' && readFileSync('lib/b.bin')[0] === 255 ? 0 : 1)`;
    expect(await command({ words: node(code) })).toBeNull();
  });

  it('fails with any other, and says what the command said', async () => {
    const problem = await command({ words: node("console.error('2 tests failed'); process.exit(3)") });
    expect(problem).toMatch(/ended with 3: 2 tests failed$/);
    expect(await command({ words: node("process.kill(process.pid, 'SIGTERM')") })).toMatch(
      /ended with SIGTERM/,
    );
  });

  it('fails when there is no such program', async () => {
    expect(await command({ words: ['no-such-program-of-skein'] })).toMatch(/could not be run: .*ENOENT/);
  });

  it('is read by a shell only where that is asked for', async () => {
    const words = ['test -f a.txt && test -f lib/b.bin'];
    expect(await command({ words, shell: true })).toBeNull();
    expect(await command({ words, shell: false })).toMatch(/could not be run/);
  });

  it('sees no key of the environment', async () => {
    process.env['SKEIN_TEST_API_KEY'] = 'sk-secret';
    try {
      const code = 'process.exit(Object.keys(process.env).some((name) => /KEY/.test(name)) ? 1 : 0)';
      expect(await command({ words: node(code) })).toBeNull();
    } finally {
      delete process.env['SKEIN_TEST_API_KEY'];
    }
  });

  it('is ended past its time, with all that it started', async () => {
    const file = join(scratch, 'late-pid');
    const child = 'setInterval(() => undefined, 1e6)';
    const parent = `const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
      require('fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
      setInterval(() => undefined, 1e6)`;
    const problem = await command({ words: node(parent), timeoutMs: 3000 });
    expect(problem).toMatch(/was ended after 3\.0 s/);
    await ended(Number(readFileSync(file, 'utf8')));
  });

  it('leaves nothing running that it started, and no directory, when it has passed', async () => {
    const file = join(scratch, 'left-pid');
    const child = 'setInterval(() => undefined, 1e6)';
    const parent = `const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
      child.unref();
      require('fs').writeFileSync(${JSON.stringify(file)}, child.pid + '\\n' + process.cwd())`;
    expect(await command({ words: node(parent) })).toBeNull();
    const [pid, cwd] = readFileSync(file, 'utf8').split('\n');
    await ended(Number(pid));
    expect(existsSync(cwd!)).toBe(false);
  });

  it('is ended by the signal, and then says nothing of the files', async () => {
    const controller = new AbortController();
    const file = join(scratch, 'running');
    const code = `require('fs').writeFileSync(${JSON.stringify(file)}, ''); setInterval(() => undefined, 1e6)`;
    const running = command({ words: node(code), timeoutMs: 600_000 }, controller.signal);
    while (!existsSync(file)) await sleep(5);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

/** Resolves when there is no process of that id; one that only waits to be reaped counts as none. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      if (readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return;
    } catch {
      return;
    }
    await sleep(5);
  }
}

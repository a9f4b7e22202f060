import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIX_SCRIPT, folder, recordsOf, skein } from './run-cli.ts';

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'src/a.ts': 'const a = 1;\n', 'src/b.ts': 'const b = 1;\n', 'fix.yaml': FIX_SCRIPT });
});
afterEach(() => here.remove());

const SCRIPTED = ['--model', 'scripted:fix.yaml'];
const fileA = (): string => readFileSync(join(here.path, 'src/a.ts'), 'utf8');

describe('skein run, piped', () => {
  it('writes records, the last of which says everything', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED], { cwd: here.path });
    const records = recordsOf(result);
    const types = records.map(({ type }) => type);
    expect(types.filter((type, i) => type !== types[i - 1])).toEqual([
      'session.started',
      'text.delta',
      'tool.started',
      'tool.ended',
      'turn.ended',
      'tool.started',
      'tool.ended',
      'turn.ended',
      'text.delta',
      'turn.ended',
      'session.ended',
    ]);
    expect(records.map(({ v, seq }) => [v, seq])).toEqual(records.map((_, i) => [1, i + 1]));
    expect(records.at(-1)).toMatchObject({
      exit: 0,
      stopReason: 'end',
      error: null,
      reply: 'Done.',
      turns: 3,
      files: [{ path: 'src/a.ts', kind: 'modified', added: 1, removed: 1 }],
      applied: false,
    });
    expect(records.at(-1)?.['patch']).toContain('-const a = 1;\n+let a = 1;\n');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(fileA()).toBe('const a = 1;\n');
  });

  it('takes the prompt from standard input', async () => {
    for (const args of [['run', '-'], ['run']]) {
      const result = await skein([...args, ...SCRIPTED], { cwd: here.path, input: 'Fix src/b.ts\n' });
      expect(recordsOf(result).at(-1)).toMatchObject({ files: [{ path: 'src/b.ts' }] });
    }
  });

  it('ends with 1 where the prompt did not end by itself', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--max-turns', '1'], { cwd: here.path });
    expect(result.exitCode).toBe(1);
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 1, stopReason: 'max-turns' });
  });

  it('shows the session only the files that are named', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--file', 'src/b.ts'], {
      cwd: here.path,
    });
    expect(recordsOf(result)[0]).toMatchObject({ files: 1 });
    expect(recordsOf(result).at(-1)).toMatchObject({ files: [] });
  });

  it('sees a file in a directory that is reached through a link', async () => {
    symlinkSync('src', join(here.path, 'link'));
    for (const [dir, file] of [
      ['link', 'src/a.ts'],
      ['src', 'link/a.ts'],
    ] as const) {
      const result = await skein(['run', 'Fix a.ts', ...SCRIPTED, '--dir', dir, '--file', file], {
        cwd: here.path,
      });
      expect(recordsOf(result).at(-1)).toMatchObject({ exit: 0, files: [{ path: 'a.ts' }] });
    }
  });

  it('ends quietly where the reader has gone', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED], {
      cwd: here.path,
      onOutput: (_, child) => child.stdout?.destroy(),
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('what a run changed', () => {
  it('is written with --write', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--write'], { cwd: here.path });
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 0, applied: true });
    expect(fileA()).toBe('let a = 1;\n');
  });

  it('is saved as a patch with --patch', async () => {
    await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--patch', 'out.patch'], { cwd: here.path });
    expect(readFileSync(join(here.path, 'out.patch'), 'utf8')).toContain('+let a = 1;');
    expect(fileA()).toBe('const a = 1;\n');
  });

  it('is not written over what somebody else wrote meanwhile, and is not lost', async () => {
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--write'], {
      cwd: here.path,
      onOutput: ({ stdout }) => {
        if (stdout.includes('session.started')) writeFileSync(join(here.path, 'src/a.ts'), 'mine\n');
      },
    });
    const last = recordsOf(result).at(-1);
    expect(last).toMatchObject({
      exit: 1,
      applied: false,
      problem: expect.stringContaining('src/a.ts has changed'),
    });
    expect(fileA()).toBe('mine\n');
    expect(readFileSync(String(last?.['patchFile']), 'utf8')).toContain('+let a = 1;');
  });

  it('is in the record where it can be saved nowhere', async () => {
    mkdirSync(join(here.path, 'taken'));
    writeFileSync(join(here.path, '.skein'), '');
    const result = await skein(['run', 'Fix src/a.ts', ...SCRIPTED, '--patch', 'taken'], { cwd: here.path });
    const ended = recordsOf(result).filter(({ type }) => type === 'session.ended');
    expect(ended).toMatchObject([
      { exit: 1, patchFile: null, patch: expect.stringContaining('+let a = 1;') },
    ]);
    expect(result.exitCode).toBe(1);
  });

  it('never leaves the directory through a link', async () => {
    const outside = folder({ 'x.ts': 'const x = 1;\n' });
    try {
      symlinkSync(join(outside.path, 'x.ts'), join(here.path, 'link.ts'));
      const result = await skein(['run', 'Fix link.ts', ...SCRIPTED, '--file', 'link.ts', '--write'], {
        cwd: here.path,
      });
      expect(recordsOf(result).at(-1)).toMatchObject({
        exit: 1,
        applied: false,
        problem: expect.stringContaining('link.ts is a symbolic link'),
      });
      expect(readFileSync(join(outside.path, 'x.ts'), 'utf8')).toBe('const x = 1;\n');
    } finally {
      outside.remove();
    }
  });
});

describe('skein run --provider', () => {
  it.each<[string, string[], string, object]>([
    ['a server', ['me=URL', 'me:x'], '/v1/chat/completions', { type: 'function' }],
    [
      'with a protocol and quirks',
      ['me=URL,api=responses,strict=true', 'me:x'],
      '/v1/responses',
      { strict: false },
    ],
    ['with a protocol, of a known provider', ['openai,api=responses', 'openai:x'], '/v1/responses', {}],
  ])('asks %s', async (_, [provider = '', model = ''], path, tool) => {
    const asked: { url: string | undefined; key: string | undefined; body: string }[] = [];
    const server = createServer((request, response) => {
      const { url, headers } = request;
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        asked.push({ url, key: headers.authorization, body });
        response.writeHead(401).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
      const args = ['run', 'x', '--provider', provider.replace('URL', baseURL), '--model', model];
      const env = { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: 'k', ME_API_KEY: 'k' };
      expect(await skein(args, { cwd: here.path, env })).toMatchObject({ exitCode: 1 });
      expect(asked).toMatchObject([{ url: path, key: 'Bearer k' }]);
      const { tools } = JSON.parse(asked[0]!.body) as { tools: object[] };
      expect(tools[0]).toMatchObject(tool);
    } finally {
      server.close();
    }
  });
});

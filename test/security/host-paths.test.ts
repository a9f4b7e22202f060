import { homedir, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Tool } from '../../src/tools/tool.ts';
import { collect, onStage, turns } from '../scenarios/support.ts';

const MODULE = new URL('../fixtures/leaky-tools.mjs', import.meta.url);
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const NAMES = ['enoent', 'elsewhere', 'beside', 'module', 'stack', 'string', 'rejects'];
const CALLS = NAMES.map((name) => ({ name, arguments: {} }));

/** Where this machine's files are. */
const PLACES = [process.cwd(), homedir(), tmpdir(), FIXTURES, '/no-such-root', '/private'];

function expectNoPlace(text: string): void {
  for (const place of PLACES) expect(text).not.toContain(place);
  expect(text).not.toMatch(/file:\/\/|\n\s+at |:\d+:\d+/);
}

describe('a tool module whose tools fail', () => {
  it('gives neither the model nor the caller a path of the host', async () => {
    await onStage(turns({ calls: CALLS }, { text: 'ok' }), { store: 'memory' }, async (stage) => {
      const session = await stage.start({ tools: [MODULE] });
      const events = await collect(session.stream('go'));
      const results = events.filter((event) => event.type === 'tool-ended');
      expect(results.map(({ name, isError }) => [name, isError])).toEqual(NAMES.map((name) => [name, true]));
      expect(results[0]?.content).toContain('ENOENT: no such file or directory');
      expect(results[0]?.content).toContain('data.json');
      expectNoPlace(JSON.stringify(events));
      expectNoPlace(JSON.stringify(session.messages()));
    });
  });

  it('is named when it cannot be loaded, and nothing else of the host', async () => {
    const url = new URL('../fixtures/imports-nothing.mjs', import.meta.url).href;
    await onStage([], { store: 'memory' }, async (stage) => {
      const error = await stage.start({ tools: [url] }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'tool_module_failed' });
      expect((error as Error).message).toContain(url);
      expectNoPlace((error as Error).message.replaceAll(url, ''));
    });
  });
});

describe('a function of the caller that fails', () => {
  it('gives the model no path of the host', async () => {
    const failing: Tool = {
      name: 'failing',
      description: 'fails',
      parameters: { type: 'object' },
      execute: () => {
        throw new Error(`${new Error('inner').stack}\nin ${process.cwd()}/src`);
      },
    };
    await onStage(
      turns({ calls: [{ name: 'failing', arguments: {} }] }, { text: 'ok' }),
      {},
      async (stage) => {
        const session = await stage.start({ tools: [failing] });
        await session.prompt('go');
        expect(JSON.stringify(session.messages())).toContain('inner');
        expectNoPlace(JSON.stringify(session.messages()));
      },
    );
  });
});

describe('paths in what a tool returns and in files', () => {
  it('stay as they are: those are the user’s data', async () => {
    const text = `see ${process.cwd()}/x and ${homedir()}\n`;
    const script = turns({ calls: [{ name: 'read', arguments: { path: 'a.txt' } }] }, { text: 'ok' });
    await onStage(script, { store: 'memory' }, async (stage) => {
      const session = await stage.start({ files: { 'a.txt': text } });
      const result = await session.prompt('go');
      expect(JSON.stringify(session.messages())).toContain(`see ${process.cwd()}/x and ${homedir()}`);
      expect(Buffer.from(result.files.get('a.txt') ?? '').toString()).toBe(text);
    });
  });
});

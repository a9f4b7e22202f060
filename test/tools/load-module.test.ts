import { describe, expect, it } from 'vitest';
import { loadToolModule } from '../../src/tools/load-module.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';

function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

const good = (name: string): string =>
  `{ name: '${name}', description: '', parameters: { type: 'object' }, execute: () => 'ok' }`;

describe('a tool module', () => {
  it('gives the tools of its default export', async () => {
    const tools = await loadToolModule(moduleOf(`export default [${good('a')}, ${good('b')}];`));
    expect(tools.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('may wait for something before it exports', async () => {
    const tools = await loadToolModule(moduleOf(`await null; export default [${good('a')}];`));
    expect(tools).toHaveLength(1);
  });
});

describe('a module that is unusable', () => {
  it.each([
    [
      'is not there',
      'file:///nowhere/tools.mjs',
      /Tool module file:\/\/\/nowhere\/tools\.mjs could not be loaded: /,
    ],
    ['does not parse', moduleOf('export default ['), /could not be loaded: /],
    ['throws', moduleOf(`throw new Error('no database');`), /could not be loaded: no database/],
    ['throws null', moduleOf('throw null;'), /could not be loaded: null was thrown/],
    ['has no default export', moduleOf('export const tools = [];'), /default export that is an array/],
    ['exports one tool', moduleOf(`export default ${good('a')};`), /default export that is an array/],
    [
      'has a tool that throws when it is looked at',
      moduleOf(`export default [{ get name() { throw new Error('peek'); } }];`),
      /has a tool that cannot be looked at: peek/,
    ],
  ])('%s: `tool_module_failed`, with the URL and the cause', async (_, url, message) => {
    const failure = await loadToolModule(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'tool_module_failed',
      message: expect.stringMatching(message) as string,
    });
    expect((failure as Error).message).toContain(url);
  });

  it('has a tool without execute: `invalid_tool`, with its place and the URL', async () => {
    const url = moduleOf(
      `export default [${good('a')}, { name: 'b', description: '', parameters: { type: 'object' } }];`,
    );
    await expect(loadToolModule(url)).rejects.toMatchObject({
      code: 'invalid_tool',
      message: `Tool "b" (item 2 of ${url}): execute must be a function, got undefined.`,
    });
  });

  it('has a name that another one has: `duplicate_tool`, with both URLs', async () => {
    const urls = [
      moduleOf(`export default [${good('a')}]; // 1`),
      moduleOf(`export default [${good('a')}]; // 2`),
    ];
    const tools = (await Promise.all(urls.map(loadToolModule))).flat();
    expect(() => new ToolSet(tools)).toThrow(
      expect.objectContaining({
        code: 'duplicate_tool',
        message: `Two tools are named "a": one of ${urls[0]} and one of ${urls[1]}. Rename one or leave it out.`,
      }),
    );
  });
});

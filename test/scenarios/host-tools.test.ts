import { describe, expect, it } from 'vitest';
import type { Tool } from '../../src/tools/tool.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { collect, onStage, outline, turns } from './support.ts';

function tool(data: Partial<Tool> & Pick<Tool, 'execute'>): Tool {
  return { name: 'ask', description: 'Asks.', parameters: { type: 'object' }, ...data };
}

const ASK = turns(
  {
    calls: [
      { name: 'write', arguments: { path: 'a.txt', content: 'from the thread\n' } },
      { name: 'ask', arguments: { question: 'why' } },
      { name: 'read', arguments: { path: 'b.txt' } },
    ],
  },
  { text: 'done' },
);

describe('a tool object', () => {
  it('runs on the main thread between steps, over the session’s files', async () => {
    const seen: unknown[] = [];
    const ask = tool({
      execute(input: { question: string }, ctx) {
        seen.push(input, ctx.sessionId, ctx.workspace.readText('a.txt'));
        ctx.workspace.writeText('b.txt', 'from the main thread\n');
        return { answer: 42 };
      },
    });
    await onStage(ASK, {}, async (stage) => {
      const session = await stage.start({ id: 's', tools: ['coding-agent', ask] });
      const events = await collect(session.stream('go'));
      expect(outline(events).slice(1, 7)).toEqual([
        'tool-started write',
        'tool-started ask',
        'tool-started read',
        'tool-ended write ok',
        'tool-ended ask ok',
        'tool-ended read ok',
      ]);
      expect(seen).toEqual([{ question: 'why' }, 's', 'from the thread\n']);
      const results = session.messages().filter(({ role }) => role === 'tool');
      expect(results[1]?.content).toBe('{"answer":42}');
      expect(results[2]?.content).toContain('from the main thread');
      expect([...session.files().keys()]).toEqual(['a.txt', 'b.txt']);
    });
  });

  it('has the files for as long as its call lasts, and no way to the session’s own bytes', async () => {
    let kept: Workspace | undefined;
    const ask = tool({
      execute(_, ctx) {
        kept = ctx.workspace;
        ctx.workspace.readBytes('a.txt').fill(120);
        return [...Object.keys(ctx.workspace), 'view' in ctx.workspace, 'takeChanges' in ctx.workspace];
      },
    });
    await onStage(ASK, {}, async (stage) => {
      const session = await stage.start({ tools: ['coding-agent', ask] });
      await session.prompt('go');
      const results = session.messages().filter(({ role }) => role === 'tool');
      expect(results[1]?.content).toBe('[false,false]');
      expect(session.files().get('a.txt')).toBe('from the thread\n');
      expect(() => kept?.writeText('late.txt', '')).toThrow(expect.objectContaining({ code: 'call_ended' }));
    });
  });

  it('is suspended work: no thread is held while it runs', async () => {
    let answer: (text: string) => void = () => undefined;
    const ask = tool({ execute: () => new Promise<string>((resolve) => (answer = resolve)) });
    await onStage(ASK, { threads: { max: 1 } }, async (stage) => {
      const session = await stage.start({ tools: ['coding-agent', ask] });
      const prompt = session.prompt('go');
      while (session.status().state !== 'suspended') await new Promise((resolve) => setTimeout(resolve, 5));
      const other = await stage.start({ tools: ['coding-agent', tool({ execute: () => 'at once' })] });
      expect(await other.prompt('go')).toMatchObject({ stopReason: 'end' });
      answer('because');
      expect(await prompt).toMatchObject({ stopReason: 'end', reply: 'done' });
    });
  });

  it.each([
    [
      'throws null',
      (): string => {
        throw null;
      },
      'Error: ',
    ],
    [
      'throws',
      (): string => {
        throw new Error('no');
      },
      'Error: no',
    ],
    ['rejects', () => Promise.reject(new Error('later')), 'Error: later'],
    ['returns nothing', () => undefined, '(no output)'],
  ])('that %s gives a result all the same', async (_what, execute, content) => {
    await onStage(ASK, {}, async (stage) => {
      const session = await stage.start({ tools: ['coding-agent', tool({ execute })] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end' });
      const results = session.messages().filter(({ role }) => role === 'tool');
      expect(results[1]?.content).toContain(content);
    });
  });

  it('past its deadline is timed out, and told by its signal', async () => {
    let aborted = false;
    const ask = tool({
      timeoutMs: 40,
      execute: (_input, ctx): Promise<string> =>
        new Promise(() => ctx.signal.addEventListener('abort', () => (aborted = true), { once: true })),
    });
    await onStage(ASK, {}, async (stage) => {
      const session = await stage.start({ tools: ['coding-agent', ask] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end' });
      expect(aborted).toBe(true);
      expect(session.messages().filter(({ role }) => role === 'tool')[1]?.content).toContain('timed_out');
    });
  });

  it('of a cancelled prompt has an unknown outcome', async () => {
    await onStage(ASK, {}, async (stage) => {
      const session = await stage.start({
        tools: ['coding-agent', tool({ execute: () => new Promise(() => {}) })],
      });
      const prompt = session.prompt('go');
      while (session.status().state !== 'suspended') await new Promise((resolve) => setTimeout(resolve, 5));
      await session.cancel();
      expect(await prompt).toMatchObject({ stopReason: 'cancelled' });
      const results = session.messages().filter(({ role }) => role === 'tool');
      expect(results.map(({ content }) => content)).toEqual([
        expect.stringContaining('a.txt'),
        expect.stringContaining('outcome is unknown'),
        expect.stringContaining('not_run'),
      ]);
    });
  });
});

const nothing = (): string => '';

describe('tools that cannot be used', () => {
  it.each([
    ['no name', { description: 'x', parameters: { type: 'object' }, execute: nothing }, 'invalid_option'],
    [
      'a bad name',
      { name: 'a b', description: 'x', parameters: { type: 'object' }, execute: nothing },
      'invalid_tool',
    ],
    ['no function', { name: 'a', description: 'x', parameters: { type: 'object' } }, 'invalid_tool'],
  ])('with %s are refused at the start', async (_what, bad, code) => {
    await onStage([], {}, async (stage) => {
      await expect(stage.start({ tools: [bad as unknown as Tool] })).rejects.toMatchObject({ code });
    });
  });

  it.each([
    ['coding-agnet', 'unknown_preset', 'coding-agent'],
    ['file:///nowhere/tools.mjs', 'tool_module_failed', '/nowhere/tools.mjs'],
    [new URL('../fixtures/no-tools.mjs', import.meta.url).href, 'tool_module_failed', 'no-tools.mjs'],
  ])('named %s are refused at the start', async (name, code, word) => {
    await onStage([], {}, async (stage) => {
      await expect(stage.start({ id: 'x', tools: [name] })).rejects.toMatchObject({
        code,
        message: expect.stringContaining(word) as string,
      });
      expect(stage.pool.session('x')).toBeUndefined();
      await expect(stage.start({ id: 'x' })).resolves.toBeDefined();
    });
  });

  it('of the same name are refused at the start', async () => {
    await onStage([], {}, async (stage) => {
      const twice = [tool({ execute: () => '' }), tool({ execute: () => '' })];
      await expect(stage.start({ tools: twice })).rejects.toMatchObject({ code: 'duplicate_tool' });
      const clash = tool({ name: 'read', execute: () => '' });
      await expect(stage.start({ tools: ['coding-agent', clash] })).rejects.toMatchObject({
        code: 'duplicate_tool',
      });
    });
  });
});

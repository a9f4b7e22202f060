import { describe, expect, it } from 'vitest';
import type { PoolEvent } from '../../src/pool/pool-event.ts';
import { assemble } from '../../src/pool/assemble.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { KeptStore } from './kept-store.ts';
import { onStage, stage, turns } from './support.ts';

const CRASH_TOOLS = new URL('../fixtures/crash-tools.mjs', import.meta.url).href;

const answers: Tool = {
  name: 'ask',
  description: 'Asks.',
  parameters: { type: 'object' },
  execute: () => 'because',
};

/** Events in short; text joined, without threads: when they come and go is chance. */
function lines(events: readonly PoolEvent[]): string[] {
  const all: string[] = [];
  for (const event of events) {
    if (!('sessionId' in event)) continue;
    const line = lineOf(event);
    if (line !== all.at(-1) || event.type !== 'text') all.push(line);
  }
  return all;
}

function lineOf(event: PoolEvent): string {
  switch (event.type) {
    case 'session-moved':
      return `  ${event.state}`;
    case 'step-began':
      return `step-began ${event.input}`;
    case 'step-ended':
      return `step-ended ${event.outcome}`;
    case 'call-ended':
      return `call-ended ${event.name} ${event.place}`;
    case 'model-call-ended':
      return `model-call-ended ${event.response ? event.response.finishReason : event.error?.kind}`;
    case 'prompt-ended':
      return `prompt-ended ${event.result.stopReason}`;
    case 'prompt-left':
      return `prompt-left ${event.reason}`;
    default:
      return event.type;
  }
}

describe('the events of a pool', () => {
  it('tell everything that happens, in order, under one count', async () => {
    const events: PoolEvent[] = [];
    const rules = turns(
      { text: 'hm', calls: [{ name: 'read', arguments: { path: 'a.txt' } }, { name: 'ask' }] },
      { text: 'done' },
    );
    await onStage(rules, { onEvent: (event) => events.push(event) }, async (made) => {
      const session = await made.start({
        id: 's',
        files: { 'a.txt': 'x' },
        tools: ['coding-agent', answers],
      });
      await session.prompt('go');
      await session.close();
    });
    expect(lines(events)).toEqual([
      'session-opened',
      'prompt-accepted',
      'prompt-started',
      '  queued',
      'step-began prompt',
      '  running',
      'step-ended done',
      '  waiting-model',
      'turn-began',
      'model-call-began',
      'text',
      'model-call-ended tool-calls',
      'tool-started',
      'tool-started',
      '  queued',
      'step-began turn',
      '  running',
      'call-ended read thread',
      'step-ended done',
      'tool-ended',
      '  suspended',
      'call-ended ask host',
      'tool-ended',
      '  queued',
      'step-began turn',
      '  running',
      'step-ended done',
      'turn-ended',
      '  waiting-model',
      'turn-began',
      'model-call-began',
      'text',
      'model-call-ended stop',
      // Nothing is to be done after it: that takes no thread.
      'turn-ended',
      '  idle',
      'prompt-ended end',
      '  closed',
      'session-closed',
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(new Set(events.flatMap((event) => ('sessionId' in event ? [event.sessionId] : [])))).toEqual(
      new Set(['s']),
    );
    expect(new Set(events.flatMap((event) => ('promptId' in event ? [event.promptId] : [])))).toEqual(
      new Set(['s/1']),
    );
  });

  it('say where a call ran and when, and what was lost with a thread', async () => {
    const events: PoolEvent[] = [];
    const rules = turns({ calls: [{ name: 'die', arguments: { how: 'exit' } }] }, { text: 'survived' });
    const options = { threads: { max: 1 }, onEvent: (event: PoolEvent) => events.push(event) };
    await onStage(rules, options, async (made) => {
      await (await made.start({ tools: [CRASH_TOOLS] })).prompt('go');
    });
    const steps = events.flatMap((event) => (event.type === 'step-ended' ? [event] : []));
    expect(steps.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      // The first loads the tools.
      ['done', null],
      ['lost', 'exit'],
      ['lost', 'exit'],
      ['done', null],
    ]);
    const [call, ...others] = events.flatMap((event) => (event.type === 'call-ended' ? [event] : []));
    expect(others).toEqual([]);
    expect(call).toMatchObject({ name: 'die', place: 'nowhere', settledAs: 'tool_crashed', isError: true });
    expect(call!.endEpochMs).toBeGreaterThanOrEqual(call!.startEpochMs);
  });

  it.each([
    ['thread', 'thread'],
    ['process', 'shard'],
  ] as const)(
    'tell of the threads, or the processes, that come and go (isolation: %s)',
    async (isolation, what) => {
      const events: PoolEvent[] = [];
      const rules = turns({ calls: [{ name: 'die', arguments: { how: 'exit' } }] }, { text: 'survived' });
      const options = { isolation, shards: 1, threads: { max: 1 } };
      await onStage(rules, { ...options, onEvent: (event) => events.push(event) }, async (made) => {
        await (await made.start({ tools: [CRASH_TOOLS] })).prompt('go');
      });
      const types = events.map(({ type }) => type).filter((type) => type.startsWith(what));
      expect(types.filter((type) => type.endsWith('started')).length).toBe(
        types.filter((type) => type.endsWith('ended')).length,
      );
      expect(types.slice(0, 2)).toEqual(
        what === 'thread'
          ? ['thread-started', 'thread-ended']
          : // A thread that exits costs its process nothing.
            ['shard-started', 'shard-ended'],
      );
    },
  );

  it('tell of a prompt that is left as it is, and of it again in the pool that takes it up', async () => {
    const first: PoolEvent[] = [];
    const second: PoolEvent[] = [];
    const store = new KeptStore();
    const rules = [
      { times: 1, answer: { text: 'late', delay: { firstMs: 60_000 } } },
      { answer: { text: 'in the end' } },
    ];
    const made = await stage(rules, { onEvent: (event) => first.push(event) }, store);
    try {
      const session = await made.start({ id: 's' });
      session.prompt('go').catch(() => undefined);
      while (made.requestCount() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await made.pool.close({ deadlineMs: 0 });
      const parts = assemble(
        {
          providers: { scripted: { baseURL: made.baseURL } },
          onEvent: (event) => second.push(event),
        },
        new KeptStore(store),
      );
      const pool = await SessionPool.over(parts);
      // The park gives the same session under the same id; its result is that of the prompt.
      expect(await pool.session('s')?.result('s/1')).toMatchObject({ reply: 'in the end' });
      await pool.close();
    } finally {
      await made[Symbol.asyncDispose]();
    }
    expect(lines(first).slice(-4)).toEqual([
      'model-call-ended cancelled',
      'prompt-left parked',
      '  idle',
      '  closed',
    ]);
    expect(second[0]).toMatchObject({ type: 'session-unparked', sessionId: 's', seq: 1 });
    expect(second[1]).toMatchObject({ type: 'prompt-accepted', promptId: 's/1', resumed: true });
    expect(lines(second)).toContain('prompt-ended end');
  });

  it.each([
    [
      'throws',
      (): void => {
        throw new Error('a bad listener');
      },
    ],
    ['rejects', (): void => Promise.reject(new Error('a bad listener')) as unknown as void],
  ])('harm nobody when the listener %s: it is said once, as a warning', async (_how, onEvent) => {
    const warnings: Error[] = [];
    const take = (warning: Error): void => void warnings.push(warning);
    process.on('warning', take);
    try {
      await onStage([{ answer: { text: 'fine' } }], { onEvent }, async (made) => {
        const session = await made.start();
        expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'fine' });
      });
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', take);
    }
    expect(warnings.map(({ name, message }) => [name, message.includes('a bad listener')])).toEqual([
      ['SkeinListenerWarning', true],
    ]);
  });
});

describe('a pool that nobody listens to', () => {
  it('makes no events', () => {
    const parts = assemble({});
    expect(parts.ports.observer.isHeard).toBe(false);
  });
});

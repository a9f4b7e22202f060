import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { openStore } from '../../src/journal/open-store.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { collect, onStage, outline, stage, type Stage } from './support.ts';

const FINE: ScriptedRule = { answer: { text: 'fine' } };
const ONCE = { models: { maxAttempts: 1 } };

/** Two providers: `scripted` of the stage, and `second`, which answers. */
async function withSecond<Result>(
  rules: readonly ScriptedRule[],
  use: (stage: Stage, second: { readonly requestCount: number }) => Promise<Result>,
  options = {},
): Promise<Result> {
  const second = await startScriptedModel({ rules: [{ answer: { text: 'from the second' } }] });
  const providers = { second: { baseURL: second.baseURL } };
  try {
    return await onStage(rules, { ...ONCE, ...options, providers }, (made) => use(made, second));
  } finally {
    await second.close();
  }
}

describe('a session with fallbacks', () => {
  it('asks the next model when the attempts of the first are used up, and says so', async () => {
    await withSecond([{ fault: { status: 500 } }], async (made) => {
      const session = await made.start({ fallback: ['second:m'] });
      const events = await collect(session.stream('go'));
      expect(outline(events)).toEqual([
        'prompt-started',
        'model-fell-back server, scripted:scripted to second:m',
        'text from the second',
        'turn-ended',
        'prompt-ended end',
      ]);
      const ended = events.at(-1);
      const result = ended?.type === 'prompt-ended' ? ended.result : undefined;
      expect(result?.failedAttempts).toEqual([
        {
          model: 'scripted:scripted',
          kind: 'server',
          status: 500,
          message: expect.stringContaining('scripted: ') as string,
        },
      ]);
    });
  });

  it('is told that text of the model which was given up is void', async () => {
    const rule = { answer: { text: 'half of an answer' }, fault: { cutAtByte: 700 } };
    await withSecond([rule], async (made) => {
      const session = await made.start({ fallback: ['second:m'] });
      const lines = outline(await collect(session.stream('go')));
      expect(lines[1]).toMatch(/^text half/);
      expect(lines[2]).toMatch(/^model-fell-back .*, text void$/);
    });
  });

  it.each([401, 404, 400, 402])(
    'asks the next one at once after a %i, which would come again',
    async (status) => {
      await withSecond([{ fault: { status } }], async (made, second) => {
        const session = await made.start({ fallback: ['second:m'] });
        expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'from the second' });
        expect([made.requestCount(), second.requestCount]).toEqual([1, 1]);
      });
    },
  );

  it('begins each turn with its own model', async () => {
    await withSecond([{ times: 1, fault: { status: 500 } }, FINE], async (made) => {
      const session = await made.start({ fallback: ['second:m'] });
      expect((await session.prompt('one')).reply).toBe('from the second');
      expect((await session.prompt('two')).reply).toBe('fine');
    });
  });

  it('asks the next one at once while the first has everybody wait for a day', async () => {
    await withSecond([{ fault: { status: 429, retryAfter: 86_400 } }], async (made, second) => {
      const session = await made.start({ fallback: ['second:m'] });
      expect((await session.prompt('one')).reply).toBe('from the second');
      expect((await session.prompt('two')).reply).toBe('from the second');
      expect([made.requestCount(), second.requestCount]).toEqual([1, 2]);
    });
  });

  it('ends with the error of the last one when none answers', async () => {
    const rules = [{ fault: { status: 500 } }];
    await onStage(rules, ONCE, async (made) => {
      const session = await made.start({ fallback: ['scripted:other'] });
      const result = await session.prompt('go');
      expect(result).toMatchObject({ stopReason: 'model-error', error: { kind: 'server' } });
      expect(result.failedAttempts.map(({ model }) => model)).toEqual([
        'scripted:scripted',
        'scripted:other',
      ]);
      expect(await session.result(result.promptId)).toMatchObject({ failedAttempts: result.failedAttempts });
    });
  });

  it('is not fallen back from when it is cancelled', async () => {
    await withSecond([{ answer: { text: 'slow', delay: { firstMs: 5_000 } } }], async (made, second) => {
      const session = await made.start({ fallback: ['second:m'] });
      const prompt = session.prompt('go');
      while (made.requestCount() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await session.cancel();
      expect((await prompt).stopReason).toBe('cancelled');
      expect(second.requestCount).toBe(0);
    });
  });

  it.each([
    ['an unknown provider', 'nobody:m', 'unknown_provider'],
    ['no provider', 'no-colon', 'invalid_option'],
    ['a key that is missing', 'keyless:m', 'missing_key'],
  ])('is refused at its start when one has %s', async (_what, model, code) => {
    const providers = { keyless: { baseURL: 'http://127.0.0.1:1', apiKeyEnv: 'SKEIN_TEST_NO_SUCH_KEY' } };
    await onStage([FINE], { providers }, async (made) => {
      await expect(made.start({ fallback: ['scripted:other', model] })).rejects.toMatchObject({ code });
    });
  });

  it('has them in its journal: another process goes on with them', async () => {
    const { mkdtemp, rm } = await import('node:fs/promises');
    const directory = await mkdtemp('/tmp/skein-fallback-');
    const second = await startScriptedModel({ rules: [{ answer: { text: 'from the second' } }] });
    const providers = { second: { baseURL: second.baseURL } };
    const path = `sqlite:${directory}/store.db`;
    try {
      const made = await stage([{ fault: { status: 500 } }], { ...ONCE, providers }, await openStore(path));
      const session = await made.start({ id: 's', fallback: ['second:m'], priority: 'batch' });
      const first = await session.prompt('one');
      await made.pool.close();
      const pool = await SessionPool.open({
        ...ONCE,
        store: path,
        providers: { ...providers, scripted: { baseURL: made.baseURL } },
      });
      const again = pool.session('s');
      expect((await again?.result(first.promptId))?.failedAttempts).toEqual(first.failedAttempts);
      expect((await again?.prompt('two'))?.reply).toBe('from the second');
      await pool.close();
      await made[Symbol.asyncDispose]();
    } finally {
      await second.close();
      await rm(directory, { recursive: true });
    }
  });
});

describe('a response that broke off', () => {
  const HALF: ScriptedRule = {
    times: 1,
    answer: { text: 'half of what was meant' },
    fault: { noFinish: true },
  };

  it('is counted as it was paid for, in the prompt and in the session', async () => {
    await onStage([HALF, FINE], {}, async (made) => {
      const session = await made.start();
      const result = await session.prompt('go');
      const [attempt] = result.failedAttempts;
      expect(attempt).toMatchObject({ kind: 'incomplete-stream', model: 'scripted:scripted' });
      expect(attempt?.usage).toMatchObject({ estimated: true });
      expect(attempt?.usage?.outputTokens).toBeGreaterThan(3);
      expect(result.usage.outputTokens).toBeGreaterThan(attempt?.usage?.outputTokens ?? 0);
      expect(session.status().usage).toEqual(result.usage);
    });
  });

  it('has run no tool: calls of it are neither in the conversation nor in the files', async () => {
    const rules: ScriptedRule[] = [
      {
        times: 1,
        answer: { calls: [{ name: 'write', arguments: { path: 'a.txt', content: 'no' } }] },
        fault: { noFinish: true },
      },
      {
        match: { turn: 0 },
        answer: { calls: [{ name: 'write', arguments: { path: 'b.txt', content: 'yes' } }] },
      },
      FINE,
    ];
    await onStage(rules, {}, async (made) => {
      const session = await made.start();
      const events = await collect(session.stream('go'));
      expect(outline(events).filter((line) => line.startsWith('tool-'))).toEqual([
        'tool-started write',
        'tool-ended write ok',
      ]);
      expect([...session.files().keys()]).toEqual(['b.txt']);
    });
  });

  it('after a tool had run is made again without that tool', async () => {
    const rules: ScriptedRule[] = [
      {
        match: { turn: 0 },
        answer: { calls: [{ name: 'write', arguments: { path: 'a.txt', content: 'x' } }] },
      },
      { times: 1, match: { turn: 1 }, answer: { text: 'cut' }, fault: { noFinish: true } },
      FINE,
    ];
    await onStage(rules, {}, async (made) => {
      const session = await made.start();
      const events = await collect(session.stream('go'));
      expect(outline(events).filter((line) => line.startsWith('tool-started'))).toHaveLength(1);
      expect(events.at(-1)).toMatchObject({ result: { stopReason: 'end', reply: 'fine', turns: 2 } });
      expect(made.requestCount()).toBe(3);
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { HostTools } from '../../src/pool/host-tools.ts';
import { systemClock } from '../../src/clock.ts';
import { ProviderBook } from '../../src/pool/provider-book.ts';
import { redactStep } from '../../src/pool/redact-step.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';
import { collect, stage, turns, type Stage } from '../scenarios/support.ts';
import { answersWith, FAILURES, startEchoServer, type EchoServer } from './echo-server.ts';

/** Without a prefix or a scheme that a pattern knows: only as known values can they be found. */
const KEY = 'canary/Qw7+zR2xV9bN4mK8jH3gF6dS1aP5oI0u';
const HEADER = 'second.Lk2JhGfDsA9qWeRtYuIoPmNbVcXz7531';

/** Any 12 characters of either, in the forms that texts are put together in. */
const CANARIES = [KEY, HEADER].flatMap((secret) =>
  Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12)).flatMap((part) => [
    part,
    encodeURIComponent(part),
    ...[0, 1, 2].map((offset) =>
      Buffer.concat([Buffer.alloc(offset), Buffer.from(part)])
        .toString('base64')
        .slice(offset === 0 ? 0 : 4, -4),
    ),
  ]),
);

function expectNoCanary(what: string, text: string): void {
  for (const canary of CANARIES) {
    const at = text.indexOf(canary);
    if (at >= 0) throw new Error(`${what} has ${canary}: …${text.slice(Math.max(0, at - 200), at + 60)}…`);
  }
}

let echo: EchoServer;
let made: Stage;
const warnings: string[] = [];
let modelCount = 0;
const store = new MemoryStore();
const onWarning = (warning: Error): number => warnings.push(warning.message);

const ANSWERS = answersWith(Math.max(KEY.length, HEADER.length));

beforeAll(async () => {
  process.on('warning', onWarning);
  echo = await startEchoServer([...FAILURES, ...ANSWERS]);
  const providers = { echo: { baseURL: echo.baseURL, apiKey: KEY, headers: { 'x-api-key': HEADER } } };
  made = await stage(
    [],
    { providers, models: { maxAttempts: 2, maxRetryAfterMs: 1_000, maxWaitMs: 500 } },
    store,
  );
});
afterAll(async () => {
  process.off('warning', onWarning);
  await made[Symbol.asyncDispose]();
  await echo[Symbol.asyncDispose]();
});

/** Sends each number as a prompt, many at a time; what came of all of it is searched. */
async function promptAll(
  numbers: readonly number[],
): Promise<{ ended: string[]; retried: number; text: string }> {
  const ended: string[] = [];
  let retried = 0;
  let text = '';
  const queue = numbers.values();
  const worker = async (): Promise<void> => {
    for (const number of queue) {
      // A model each: what one is refused must not make the others wait.
      const session = await made.start({ model: `echo:any-${(modelCount += 1)}` });
      const events = await collect(session.stream(`number ${number}`));
      retried += events.filter((event) => event.type === 'model-retried').length;
      const last = events.at(-1);
      if (last?.type !== 'prompt-ended') throw new Error('a prompt without an end');
      ended.push(last.result.stopReason);
      const { result } = last;
      text += JSON.stringify([events, session.messages(), result.error, result.reply, result.patch]);
      text += JSON.stringify(store.read(session.id));
      for (const [path, bytes] of result.files) text += path + Buffer.from(bytes).toString();
      await session.close();
    }
  };
  await Promise.all(Array.from({ length: 40 }, worker));
  return { ended, retried, text };
}

describe('a key that the provider echoes', () => {
  it('is in no event, error, result or journal entry of 520 failures', async () => {
    const numbers = Array.from({ length: 520 }, (_, i) => i % FAILURES.length);
    const { ended, retried, text } = await promptAll(numbers);
    // Some of them say that the request is too long.
    expect(new Set(ended)).toEqual(new Set(['model-error', 'context-full']));
    expect(ended).toHaveLength(520);
    expect(retried).toBeGreaterThan(100);
    expect(text).toContain('[redacted]');
    expectNoCanary('what came of failures', text);
    expectNoCanary('a warning', warnings.join('\n'));
  }, 60_000);

  it('is in no text, reasoning, call, file or journal entry of answers, wherever they are cut', async () => {
    const numbers = ANSWERS.map((_, i) => FAILURES.length + i);
    const { ended, text } = await promptAll(numbers);
    expect(new Set(ended)).toEqual(new Set(['end']));
    expect(text).toContain('It is [redacted], no more');
    expect(text).toContain('key=[redacted]');
    expectNoCanary('what came of answers', text);
  }, 60_000);
});

describe('a key that a tool comes by', () => {
  const { redactor } = new ProviderBook({ echo: { baseURL: 'http://x', apiKey: KEY } });

  it('is not in the result of a function of the caller', async () => {
    const tools = [
      { name: 'tells', description: '', parameters: { type: 'object' }, execute: () => `it is ${KEY}` },
      {
        name: 'fails',
        description: '',
        parameters: { type: 'object' },
        execute: () => {
          throw new Error(`with ${KEY}`);
        },
      },
    ];
    const host = new HostTools(tools, systemClock, redactor);
    for (const { name } of tools) {
      const { result } = await host.run(
        { id: 'c', name, arguments: '{}' },
        {
          sessionId: 's',
          images: [],
          overlay: new Map(),
          quota: DEFAULT_QUOTA,
          readers: ['read'],
          signal: new AbortController().signal,
        },
      );
      expect(result.content).toContain('[redacted]');
      expectNoCanary('a result', result.content);
    }
  });

  it('is not in a result that a caller’s function gave and that is in a file for its length', async () => {
    const long = `${'a line\n'.repeat(9_000)}it is ${KEY}\n`;
    const tools = [{ name: 'tells', description: '', parameters: { type: 'object' }, execute: () => long }];
    const { result, changes } = await new HostTools(tools, systemClock, redactor).run(
      { id: 'c', name: 'tells', arguments: '{}' },
      {
        sessionId: 's',
        images: [],
        overlay: new Map(),
        quota: DEFAULT_QUOTA,
        readers: ['read'],
        signal: new AbortController().signal,
      },
    );
    expect(changes.map(({ path }) => path)).toEqual(['.skein/outputs/c.txt']);
    const kept = Buffer.from(changes[0]!.bytes!).toString();
    expect(kept).toMatch(/^a line\n[^]*it is \[redacted\]\n$/);
    expect(result.content).toContain('it is [redacted]');
    expectNoCanary('a file', kept);
  });

  it('is not in what is kept of a step, but in the files as the user has it', () => {
    const bytes = Buffer.from(KEY);
    const outcome = {
      type: 'done',
      opening: null,
      results: [{ callId: 'c', name: 'read', content: `1 ${KEY}`, isError: false }],
      changes: [{ path: 'a', bytes }],
      next: { wait: 'model' },
    } as const;
    const step = redactStep({ type: 'done', outcome }, redactor);
    expect(step).toEqual({
      type: 'done',
      outcome: { ...outcome, results: [{ ...outcome.results[0], content: '1 [redacted]' }] },
    });
    const lost = { type: 'lost', reason: 'error', suspects: [], touched: [] } as const;
    const message = `Bearer abcdefghijkl0123 ${KEY} at ${process.cwd()}/x.js`;
    expect(redactStep({ ...lost, message }, redactor)).toEqual({
      ...lost,
      message: 'Bearer [redacted] [redacted] at [host]/x.js',
    });
  });
});

describe('a session thread', () => {
  it('has no environment and no key', async () => {
    const tools = [new URL('../fixtures/leaky-tools.mjs', import.meta.url)];
    const rules = turns({ calls: [{ name: 'surroundings', arguments: {} }] }, { text: 'ok' });
    const providers = { other: { baseURL: 'http://127.0.0.1:1', apiKey: KEY } };
    const own = await stage(rules, { providers }, new MemoryStore());
    process.env['OTHER_API_KEY'] = HEADER;
    try {
      const session = await own.start({ tools });
      const events = await collect(session.stream('go'));
      const told = events.find((event) => event.type === 'tool-ended')?.content ?? '';
      expect(JSON.parse(told)).toMatchObject({ env: {}, isMainThread: false });
      expectNoCanary('the thread', told);
    } finally {
      delete process.env['OTHER_API_KEY'];
      await own[Symbol.asyncDispose]();
    }
  });
});

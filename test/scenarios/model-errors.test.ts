import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { SessionEvent } from '../../src/pool/events.ts';
import { collect, onStage, outline } from './support.ts';

const FINE: ScriptedRule = { answer: { text: 'fine' } };
const FAST = { models: { idleTimeoutMs: 150, firstByteTimeoutMs: 300 } };

describe('a model call that fails', () => {
  it.each<[string, ScriptedRule['fault'], string]>([
    ['401', { status: 401 }, 'auth'],
    ['404', { status: 404 }, 'not-found'],
    ['400', { status: 400 }, 'invalid-request'],
    ['402', { status: 402 }, 'quota'],
    ['an HTML page', { html: true }, 'bad-response'],
    ['a JSON body', { json: true }, 'bad-response'],
    ['a redirect', { redirect: 'http://127.0.0.1:1/' }, 'bad-response'],
  ])('with %s ends the prompt at once; the session stays usable', async (_what, fault, kind) => {
    const rules: ScriptedRule[] = [{ match: { user: 'bad' }, fault: fault! }, FINE];
    await onStage(rules, FAST, async (stage) => {
      const session = await stage.start();
      const result = await session.prompt('bad');
      expect(result).toMatchObject({
        stopReason: 'model-error',
        reply: '',
        error: { code: 'model_error', kind, retryable: false },
      });
      expect(result.error?.message).toContain('scripted: ');
      expect(stage.requestCount()).toBe(1);
      expect(await session.prompt('good')).toMatchObject({ stopReason: 'end', reply: 'fine' });
    });
  });

  it.each<[string, ScriptedRule['fault'], string]>([
    ['503', { status: 503 }, 'overloaded'],
    ['500', { status: 500 }, 'server'],
    ['a broken connection', { refuse: true }, 'connect'],
    ['silence', { stall: 0 }, 'timeout'],
    ['keep-alives only', { pingOnly: true }, 'timeout'],
    ['no finish reason', { noFinish: true }, 'incomplete-stream'],
  ])('with %s before any text is made again', async (_what, fault, kind) => {
    const rules: ScriptedRule[] = [{ times: 1, answer: {}, fault: fault! }, FINE];
    await onStage(rules, FAST, async (stage) => {
      const session = await stage.start();
      const events = await collect(session.stream('go'));
      expect(outline(events)).toEqual([
        'prompt-started',
        `model-retried ${kind}`,
        'text fine',
        'turn-ended',
        'prompt-ended end',
      ]);
      expect(stage.requestCount()).toBe(2);
    });
  });

  it.each([undefined, 0.05])(
    'with 429 and a Retry-After of %s is made again when the gate lets it',
    async (retryAfter) => {
      const fault = { status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) };
      await onStage([{ times: 1, answer: {}, fault }, FINE], FAST, async (stage) => {
        const session = await stage.start();
        const events = await collect(session.stream('go'));
        expect(outline(events)).toEqual([
          'prompt-started',
          'model-retried rate-limited',
          'gate-waiting paused',
          'gate-admitted',
          'text fine',
          'turn-ended',
          'prompt-ended end',
        ]);
        expect(stage.requestCount()).toBe(2);
      });
    },
  );

  it('after some text is made again: that text is void, and nothing of it is in the conversation', async () => {
    const rules: ScriptedRule[] = [
      { times: 1, answer: { text: 'half of it is', delay: { betweenMs: 5 } }, fault: { noFinish: true } },
      FINE,
    ];
    await onStage(rules, FAST, async (stage) => {
      const session = await stage.start();
      const events = await collect(session.stream('go'));
      expect(outline(events)).toEqual([
        'prompt-started',
        'text half of it is',
        'model-retried incomplete-stream, text void',
        'text fine',
        'turn-ended',
        'prompt-ended end',
      ]);
      expect(session.messages()).toMatchObject([{ role: 'user' }, { role: 'assistant', content: 'fine' }]);
      expect(stage.requestCount()).toBe(2);
    });
  });

  it('is given up when the provider asks for too long a wait', async () => {
    const rules: ScriptedRule[] = [{ fault: { status: 429, retryAfter: 86_400 } }];
    await onStage(rules, {}, async (stage) => {
      const session = await stage.start();
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'model-error' });
      expect(stage.requestCount()).toBe(1);
    });
  });

  it('is given up after the last attempt', async () => {
    await onStage([{ fault: { status: 500 } }], { models: { maxAttempts: 2 } }, async (stage) => {
      const session = await stage.start();
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'model-error' });
      expect(stage.requestCount()).toBe(2);
    });
  });

  it('can be cancelled while the next attempt is waited for', async () => {
    await onStage([{ fault: { status: 429, retryAfter: 30 } }], {}, async (stage) => {
      const session = await stage.start();
      let retried = false;
      for await (const event of session.stream('go')) {
        if (event.type === 'model-retried') {
          retried = true;
          void session.cancel();
        }
        if (event.type === 'prompt-ended') expect(event.result.stopReason).toBe('cancelled');
      }
      expect(retried).toBe(true);
    });
  });
});

describe('a pause before the next attempt', () => {
  it('keeps the process alive', async () => {
    const server = await startScriptedModel({
      rules: [{ times: 1, fault: { status: 429, retryAfter: 0.3 } }, FINE],
    });
    const program = `
      import { SessionPool } from 'skein';
      const pool = await SessionPool.open({ providers: { s: { baseURL: '${server.baseURL}' } } });
      const session = await pool.start({ model: 's:m' });
      console.log((await session.prompt('go')).reply);
      await pool.close();`;
    try {
      const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
      expect((await run).stdout).toBe('fine\n');
    } finally {
      await server.close();
    }
  });
});

describe('a model thread that dies', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Catches the model thread: the one that is told to keep the process alive when a call begins. */
  function watchModelThread(): () => Worker {
    const spy = vi.spyOn(Worker.prototype, 'ref').mockImplementation(() => undefined);
    return () => {
      const thread = spy.mock.contexts.at(-1) as Worker | undefined;
      if (!thread) throw new Error('no model call has begun');
      return thread;
    };
  }
  const SLOW: ScriptedRule[] = [
    { times: 1, answer: { text: 'Hello world', delay: { firstMs: 100, betweenMs: 100 } } },
    { answer: { text: 'Hello world' } },
  ];

  it('before any text costs an attempt', async () => {
    await onStage(SLOW, { threads: { max: 1 } }, async (stage) => {
      const session = await stage.start();
      const modelThread = watchModelThread();
      const events = collect(session.stream('go'));
      while (stage.requestCount() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await modelThread().terminate();
      expect(outline(await events)).toEqual([
        'prompt-started',
        'model-retried connect',
        'text Hello world',
        'turn-ended',
        'prompt-ended end',
      ]);
    });
  });

  it('after some text costs an attempt, too; the text begins anew', async () => {
    await onStage(SLOW, {}, async (stage) => {
      const session = await stage.start();
      const modelThread = watchModelThread();
      const events: SessionEvent[] = [];
      for await (const event of session.stream('go')) {
        if (event.type === 'text' && events.every(({ type }) => type !== 'text')) {
          void modelThread().terminate();
        }
        events.push(event);
      }
      expect(outline(events)).toEqual([
        'prompt-started',
        'text Hello',
        'model-retried connect, text void',
        'text Hello world',
        'turn-ended',
        'prompt-ended end',
      ]);
    });
  });
});

describe('a base URL that nobody serves', () => {
  it('is a connect error that names it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const providers = { gone: { baseURL: `http://127.0.0.1:${port}/v1` } };
    await onStage([], { providers, models: { maxAttempts: 1 } }, async (stage) => {
      const session = await stage.start({ model: 'gone:x' });
      const result = await session.prompt('go');
      expect(result.error?.message).toContain(`127.0.0.1:${port}`);
      expect(result.error?.message).toContain('ECONNREFUSED');
    });
  });
});

describe('a key', () => {
  it('that is missing is named at the start, never printed', async () => {
    const providers = { mine: { baseURL: 'http://127.0.0.1:1', apiKeyEnv: 'SKEIN_TEST_NO_SUCH_KEY' } };
    await onStage([], { providers }, async (stage) => {
      await expect(stage.start({ model: 'mine:x' })).rejects.toMatchObject({
        code: 'missing_key',
        message: expect.stringContaining('SKEIN_TEST_NO_SUCH_KEY') as string,
      });
      await expect(stage.start({ model: 'mein:x' })).rejects.toMatchObject({ code: 'unknown_provider' });
      await expect(stage.start({ model: 'no-colon' })).rejects.toMatchObject({ code: 'invalid_option' });
    });
  });

  it('that the provider echoes is not in the error', async () => {
    await onStage([{ fault: { echoKey: true } }], {}, async (stage) => {
      const providers = { echo: { baseURL: stage.baseURL, apiKey: 'canary-0123456789' } };
      await onStage([], { providers }, async (other) => {
        const session = await other.start({ model: 'echo:x' });
        const result = await session.prompt('go');
        expect(result.stopReason).toBe('model-error');
        expect(JSON.stringify(result)).not.toContain('canary');
        expect(result.error?.message).toContain('[redacted]');
      });
    });
  });
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SkeinError } from '../../src/errors.ts';
import { collect, onStage, outline, turns } from './support.ts';

const EDIT = turns(
  { text: 'Let me look.', calls: [{ name: 'read', arguments: { path: 'a.txt' } }] },
  { calls: [{ name: 'edit', arguments: { path: 'a.txt', old_string: 'one', new_string: 'eins' } }] },
  { text: 'Done.' },
);

describe('a prompt', () => {
  it('ends with the reply, the files, the changes and a patch', async () => {
    await onStage(EDIT, {}, async (stage) => {
      const session = await stage.start({
        files: { 'a.txt': 'one\ntwo\n', '/b.bin': Uint8Array.of(0xff, 0) },
      });
      const result = await session.prompt('Translate.');
      expect(result).toMatchObject({
        reply: 'Done.',
        stopReason: 'end',
        turns: 3,
        error: null,
        finishReason: 'stop',
      });
      expect([...result.files]).toEqual([
        ['a.txt', 'eins\ntwo\n'],
        ['b.bin', Uint8Array.of(0xff, 0)],
      ]);
      expect(result.changes.map(({ path, kind }) => [path, kind])).toEqual([['a.txt', 'modified']]);
      expect(result.patch).toContain('-one\n+eins\n two\n');
      expect(result.usage.totalTokens).toBeGreaterThan(0);
      expect(session.status()).toMatchObject({ state: 'idle', turns: 3, queued: 0, changedFiles: 1 });
      expect(session.messages().map(({ role }) => role)).toEqual([
        'user',
        'assistant',
        'tool',
        'assistant',
        'tool',
        'assistant',
      ]);
    });
  });

  it('tells its events in order, with one terminal event at the end', async () => {
    await onStage(EDIT, {}, async (stage) => {
      const session = await stage.start({ id: 's', files: { 'a.txt': 'one\n' } });
      const events = await collect(session.stream('Translate.'));
      expect(outline(events)).toEqual([
        'prompt-started',
        'text Let me look.',
        'tool-started read',
        'tool-ended read ok',
        'turn-ended',
        'tool-started edit',
        'tool-ended edit ok',
        'turn-ended',
        'text Done.',
        'turn-ended',
        'prompt-ended end',
      ]);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(new Set(events.map(({ sessionId, promptId }) => `${sessionId} ${promptId}`))).toEqual(
        new Set(['s s/1']),
      );
    });
  });

  it('keeps conversation and files for the next one', async () => {
    const rules = [
      {
        match: { user: 'first', turn: 0 },
        answer: { calls: [{ name: 'write', arguments: { path: 'n', content: '1' } }] },
      },
      { match: { user: 'first' }, answer: { text: 'kept' } },
      {
        match: { user: 'second', first: 'first', turn: 0 },
        answer: { calls: [{ name: 'read', arguments: { path: 'n' } }] },
      },
      { match: { user: 'second', last: '1' }, answer: { text: 'found' } },
    ];
    await onStage(rules, {}, async (stage) => {
      const session = await stage.start();
      await session.prompt('first');
      expect(await session.prompt('second')).toMatchObject({ reply: 'found', stopReason: 'end' });
      expect(session.messages().filter(({ role }) => role === 'user')).toHaveLength(2);
    });
  });

  it('gives onText every piece of every turn', async () => {
    await onStage(EDIT, {}, async (stage) => {
      const session = await stage.start({ files: { 'a.txt': 'one\n' } });
      const pieces: string[] = [];
      await session.prompt('Translate.', { onText: (text) => pieces.push(text) });
      expect(pieces.join('')).toBe('Let me look.Done.');
      expect(pieces.length).toBeGreaterThanOrEqual(2);
    });
  });

  it('whose onText throws is cancelled, and its caller gets the error', async () => {
    await onStage(EDIT, {}, async (stage) => {
      const session = await stage.start({ files: { 'a.txt': 'one\n' } });
      const prompt = session.prompt('Translate.', {
        onText() {
          throw new TypeError('no');
        },
      });
      await expect(prompt).rejects.toMatchObject({ code: 'callback_failed', cause: { message: 'no' } });
      expect(session.status().state).toBe('idle');
      expect(session.files().get('a.txt')).toBe('one\n');
    });
  });

  it('sends the system text, the skills and the model’s options', async () => {
    const bodies: {
      messages: { content: string }[];
      tools: { function: { name: string } }[];
      temperature: number;
    }[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        bodies.push(JSON.parse(body) as (typeof bodies)[number]);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(
          'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        );
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const providers = { own: { baseURL: `http://127.0.0.1:${port}` } };
    await onStage([], { providers }, async (stage) => {
      const skills = [fileURLToPath(new URL('../fixtures/skills', import.meta.url))];
      const modelOptions = { temperature: 0.5 };
      const session = await stage.start({ model: 'own:a:b/c', system: 'Be brief.', skills, modelOptions });
      expect(await session.prompt('hello')).toMatchObject({ reply: 'ok', usage: { estimated: true } });
    });
    server.close();
    const [body] = bodies;
    expect(body?.messages[0]?.content).toMatch(/^Be brief\.\n\n[\s\S]*<name>greet<\/name>/);
    expect(body?.messages[0]?.content).not.toContain('Blibba');
    expect(body).toMatchObject({ model: 'a:b/c', stream: true, temperature: 0.5 });
    expect(body?.tools.map((tool) => tool.function.name)).toEqual([
      'read',
      'write',
      'edit',
      'list',
      'search',
      'skill',
    ]);
  });
});

describe('the turn limit', () => {
  const looping = [{ answer: { calls: [{ name: 'write', arguments: { path: 'n', content: '{{turn}}' } }] } }];

  it('ends the prompt with max-turns and keeps what was done; the session stays usable', async () => {
    await onStage(looping, {}, async (stage) => {
      const session = await stage.start({ maxTurns: 3 });
      const events = await collect(session.stream('go'));
      expect(outline(events).slice(-4)).toEqual([
        'tool-started write',
        'tool-ended write ok',
        'turn-ended',
        'prompt-ended max-turns',
      ]);
      expect(session.files().get('n')).toBe('2');
      const [call, result] = session.messages().slice(-2);
      expect(call?.role === 'assistant' && call.tool_calls?.length).toBe(1);
      expect(result).toMatchObject({ role: 'tool', content: expect.stringContaining('not_run') as string });
      expect(await session.prompt('again')).toMatchObject({ stopReason: 'max-turns', turns: 4 });
    });
  });

  it('is no limit when it is 0', async () => {
    const rules = [{ match: { turn: 12 }, answer: { text: 'at last' } }, ...looping];
    await onStage(rules, {}, async (stage) => {
      const session = await stage.start({ maxTurns: 0 });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', turns: 13, reply: 'at last' });
    });
  });
});

describe('the mailbox', () => {
  const slow = [{ match: { user: '(?<n>\\d+)' }, answer: { delay: { firstMs: 30 }, text: 'answer {{n}}' } }];

  it('takes prompts in order, and refuses when it is full without losing any', async () => {
    await onStage(slow, { limits: { maxQueuedPrompts: 2 } }, async (stage) => {
      const session = await stage.start();
      const prompts = [1, 2, 3].map((n) => session.prompt(`prompt ${n}`));
      await expect(session.prompt('prompt 4')).rejects.toMatchObject({
        code: 'mailbox_full',
        retryable: true,
      });
      expect((await Promise.all(prompts)).map(({ reply }) => reply)).toEqual([
        'answer 1',
        'answer 2',
        'answer 3',
      ]);
      expect(await session.prompt('prompt 5')).toMatchObject({ reply: 'answer 5' });
    });
  });

  it('lets a waiting prompt be cancelled at once and goes on with the others', async () => {
    await onStage(slow, {}, async (stage) => {
      const session = await stage.start();
      const abort = new AbortController();
      const ended: string[] = [];
      const note = async (name: string, prompt: Promise<{ stopReason: string }>): Promise<void> => {
        ended.push(`${name} ${(await prompt).stopReason}`);
      };
      const all = [
        note('first', session.prompt('prompt 1')),
        note('second', session.prompt('prompt 2', { signal: abort.signal })),
        note('third', session.prompt('prompt 3')),
      ];
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      await Promise.all(all);
      expect(ended).toEqual(['second cancelled', 'first end', 'third end']);
      expect(
        session
          .messages()
          .filter(({ role }) => role === 'user')
          .map(({ content }) => content),
      ).toEqual(['prompt 1', 'prompt 3']);
    });
  });
});

describe('a prompt that is ended early', () => {
  const endless = [{ answer: { delay: { firstMs: 10, betweenMs: 20 }, text: 'a '.repeat(2_000) } }];

  it('by its signal is cancelled, and the conversation stays valid', async () => {
    const rules = [
      { match: { user: 'go', turn: 0 }, answer: { text: 'x', calls: [{ name: 'hang', arguments: {} }] } },
      { match: { user: 'next' }, answer: { text: 'fine' } },
    ];
    await onStage(rules, {}, async (stage) => {
      const tools = [new URL('../fixtures/hang-tool.mjs', import.meta.url)];
      const session = await stage.start({ tools });
      const abort = new AbortController();
      const prompt = session.prompt('go', { signal: abort.signal });
      while (session.status().state !== 'running' || session.messages().length < 2) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      abort.abort();
      expect(await prompt).toMatchObject({ stopReason: 'cancelled' });
      expect(session.messages().at(-1)).toMatchObject({
        role: 'tool',
        content: expect.stringContaining('not_run') as string,
      });
      expect(await session.prompt('next')).toMatchObject({ stopReason: 'end', reply: 'fine' });
    });
  });

  it('by session.cancel stops the model call', async () => {
    await onStage(endless, {}, async (stage) => {
      const session = await stage.start();
      let heard = 0;
      const prompt = session.prompt('go', { onText: () => (heard += 1) });
      while (heard < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      await session.cancel();
      expect(await prompt).toMatchObject({ stopReason: 'cancelled', reply: '' });
      const after = heard;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(heard).toBe(after);
    });
  });

  it('by its own time limit is timed out', async () => {
    await onStage(endless, {}, async (stage) => {
      const session = await stage.start();
      expect(await session.prompt('go', { timeoutMs: 80 })).toMatchObject({ stopReason: 'timeout' });
      expect(session.status().state).toBe('idle');
    });
  });

  it('by leaving the loop over its events is cancelled', async () => {
    await onStage(endless, {}, async (stage) => {
      const session = await stage.start();
      for await (const event of session.stream('go')) if (event.type === 'text') break;
      await session.cancel();
      expect(session.status()).toMatchObject({ state: 'idle', promptId: null });
    });
  });

  it('before it was sent never reaches the model', async () => {
    await onStage(endless, {}, async (stage) => {
      const session = await stage.start();
      expect(await session.prompt('go', { signal: AbortSignal.abort() })).toMatchObject({
        stopReason: 'cancelled',
      });
      expect(stage.requestCount()).toBe(0);
    });
  });
});

describe('closing', () => {
  it('lets accepted prompts end, then refuses', async () => {
    await onStage([{ answer: { delay: { firstMs: 30 }, text: 'ok' } }], {}, async (stage) => {
      const session = await stage.start({ id: 'once' });
      const prompt = session.prompt('go');
      await session.close();
      expect(await prompt).toMatchObject({ stopReason: 'end', reply: 'ok' });
      expect(session.status().state).toBe('closed');
      await expect(session.prompt('more')).rejects.toMatchObject({ code: 'session_closed' });
      expect(stage.pool.session('once')).toBeUndefined();
      await expect(stage.start({ id: 'once' })).resolves.toMatchObject({ id: 'once' });
    });
  });

  it('a second time leaves the session alone that has the id by then', async () => {
    await onStage([{ answer: { text: 'ok' } }], {}, async (stage) => {
      const first = await stage.start({ id: 'once' });
      await first.close();
      const second = await stage.start({ id: 'once' });
      const { promptId } = await second.prompt('go');
      await first.close();
      await first.release();
      expect(stage.pool.session('once')).toBe(second);
      expect(stage.pool.stats().sessions.idle).toBe(1);
      expect((await second.result(promptId)).reply).toBe('ok');
    });
  });

  it('the pool ends every session; starting one afterwards is refused', async () => {
    await onStage([{ answer: { delay: { firstMs: 5_000 }, text: 'ok' } }], {}, async (stage) => {
      const session = await stage.start();
      const prompt = session.prompt('go');
      await stage.pool.close({ deadlineMs: 50 });
      expect(await prompt).toMatchObject({ stopReason: 'cancelled' });
      await expect(stage.start()).rejects.toMatchObject({ code: 'pool_closed' });
      expect(stage.pool.stats().threads.running).toBe(0);
    });
  });
});

describe('closing twice', () => {
  it('keeps to the shorter deadline', async () => {
    await onStage([{ answer: { delay: { firstMs: 4_000 }, text: 'ok' } }], {}, async (stage) => {
      const session = await stage.start();
      const prompt = session.prompt('go');
      const patient = stage.pool.close();
      await stage.pool.close({ deadlineMs: 0 });
      await patient;
      expect(await prompt).toMatchObject({ stopReason: 'cancelled' });
    });
  });
});

describe('starting and closing at once', () => {
  it('leaves nothing open', async () => {
    await onStage([], {}, async (stage) => {
      const start = stage.start({ id: 'late' });
      const close = stage.pool.close();
      await expect(start).rejects.toMatchObject({ code: 'pool_closed' });
      await close;
      expect(stage.pool.session('late')).toBeUndefined();
      expect(stage.pool.stats().threads.running).toBe(0);
    });
  });
});

describe('an id', () => {
  it('that is taken is refused, also while its session is being started', async () => {
    await onStage([], {}, async (stage) => {
      const both = await Promise.allSettled([stage.start({ id: 'a' }), stage.start({ id: 'a' })]);
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      await expect(stage.start({ id: 'a' })).rejects.toMatchObject({ code: 'session_exists' });
      expect(stage.pool.session('a')?.id).toBe('a');
    });
  });

  it('may be used again, and its new session knows nothing of the old one', async () => {
    const rules = [{ match: { turn: 0 }, answer: { text: 'ok' } }];
    await onStage(rules, {}, async (stage) => {
      const first = await stage.start({ id: 'a', system: 'old' });
      await first.prompt('one');
      await first.close();
      const second = await stage.start({ id: 'a', system: 'new' });
      await second.prompt('two');
      expect(second.messages().map(({ content }) => content)).toEqual(['new', 'two', 'ok']);
    });
  });
});

describe('errors', () => {
  it('are SkeinErrors with a code', async () => {
    await onStage([], {}, async (stage) => {
      await expect(stage.start({ id: '' })).rejects.toBeInstanceOf(SkeinError);
    });
  });
});

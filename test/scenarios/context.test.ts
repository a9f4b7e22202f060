import { afterEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { openSqliteStore } from '../../src/journal/sqlite-store.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { CHAT } from '../../src/model/dialect.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolOptions, SessionOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Session } from '../../src/pool/session.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { inDirectory } from '../journal/sqlite-stage.ts';
import { checkConversation } from '../harness/shared/check-turn.ts';
import { Violations } from '../harness/shared/violations.ts';
import { KeptStore } from './kept-store.ts';
import { collect, stage, type Stage } from './support.ts';

const stages: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of stages.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function staged(
  script: ScriptedModelScript | readonly ScriptedRule[],
  options: PoolOptions = {},
  store?: JournalStore,
): Promise<Stage> {
  const made = await stage(script, options, store);
  stages.push(made);
  return made;
}

/** A pool whose store may die: then only what it holds of the machine is given back. */
async function poolOver(
  store: KeptStore,
  server: ScriptedModelServer,
  contextTokens: Readonly<Record<string, number>>,
): Promise<SessionPool> {
  const parts = assemble({ contextTokens, providers: { scripted: { baseURL: server.baseURL } } }, store);
  stages.push({
    async [Symbol.asyncDispose]() {
      store.die();
      await Promise.all([parts.runner.close(), parts.models.close()]);
    },
  });
  return SessionPool.over(parts);
}

const FILES = Object.fromEntries(
  Array.from({ length: 100 }, (_, n) => [
    `f${n + 1}.txt`,
    `file ${n + 1}\n${'some text of it '.repeat(60)}\n`,
  ]),
);
const BASE = baseImage.fromFiles(FILES);
const WINDOW = 4_000;

/** A model that reads one file after another, up to the number that its prompt names, and sees what it is sent. */
class Reader {
  /** Tokens of each request, tools not counted, as this server counts them. */
  readonly sizes: number[] = [];
  readonly summaries: string[] = [];
  readonly requests: (readonly { role: string; content?: unknown }[])[] = [];
  readonly summary: () => NonNullable<ScriptedRule['answer']>;

  constructor(
    summary: Reader['summary'] = () => ({ text: 'The files were read in order; all say the same.' }),
  ) {
    this.summary = summary;
  }

  get script(): ScriptedModelScript {
    return {
      rules: [
        {
          answer: (conversation) => {
            const { messages, system, user } = conversation;
            if (system.includes('You compact the history')) {
              this.summaries.push(user);
              return this.summary() as { text: string };
            }
            this.requests.push(messages);
            this.sizes.push(JSON.stringify(messages).length / 4);
            const asked = messages.findLast((message) => message.role === 'user' && !isSummary(message));
            const upTo = Number(/up to (\d+)/.exec(JSON.stringify(asked?.content))?.[1] ?? 0);
            const read = messages.flatMap(({ tool_calls: made = [] }) =>
              made.map(({ function: call }) => Number(/f(\d+)/.exec(call.arguments)?.[1])),
            );
            const told = /f(\d+)\.txt/.exec(textOf(messages.find(isSummary)))?.[1];
            const next = (read.at(-1) ?? Number(told ?? 0)) + 1;
            if (next > upTo) return { text: `read up to ${upTo}` };
            const args = { path: `f${next}.txt` };
            return { calls: [{ name: 'read', arguments: args }], usage: { input: 0, output: 0 } };
          },
        },
      ],
    };
  }
}

const isSummary = ({ content }: { readonly content?: unknown }): boolean =>
  typeof content === 'string' && content.includes('were left out, because it no longer fits');
const textOf = (message: { readonly content?: unknown } | undefined): string =>
  typeof message?.content === 'string' ? message.content : '';

const OPTIONS: SessionOptions = {
  id: 's',
  base: BASE,
  system: 'Be brief.',
  tools: ['read', 'write'],
  model: 'scripted:scripted',
  maxTurns: 0,
};

function compactions(entries: readonly JournalEntry[]): Extract<JournalEntry, { type: 'compacted' }>[] {
  return entries.flatMap((entry) => (entry.type === 'compacted' ? [entry] : []));
}

const filesRead = (session: Session): number =>
  session.messages().filter(({ role, content }) => role === 'tool' && textOf({ content }).includes('file '))
    .length;

describe('a session that outgrows its model’s window', () => {
  it('goes on for sixty turns within it, with its task and its files, and keeps the whole history', async () => {
    const reader = new Reader();
    const made = await staged(reader.script, { contextTokens: { 'scripted:*': WINDOW } });
    const session = await made.start(OPTIONS);
    const events = await collect(session.stream('Read the files up to 60.'));
    const ended = events.at(-1);
    expect(ended?.type === 'prompt-ended' && ended.result).toMatchObject({
      stopReason: 'end',
      reply: 'read up to 60',
      turns: 61,
    });
    expect(filesRead(session)).toBe(60);
    expect(Math.max(...reader.sizes)).toBeLessThan(WINDOW);
    const compacted = events.filter((event) => event.type === 'compacted');
    expect(compacted.length).toBeGreaterThan(3);
    expect(new Set(compacted.map(({ how }) => how))).toEqual(new Set(['trimmed', 'summarised']));
    for (const { beforeTokens, afterTokens } of compacted) expect(afterTokens).toBeLessThan(beforeTokens);
    for (const request of reader.requests) {
      const violations = new Violations();
      checkConversation(request as Parameters<typeof checkConversation>[0], 'request', violations);
      expect(violations.list).toEqual([]);
      expect(request.slice(0, 2)).toEqual([
        { role: 'system', content: expect.stringContaining('Be brief.') },
        { role: 'user', content: 'Read the files up to 60.' },
      ]);
    }
    const summary = textOf(reader.requests.at(-1)?.find(isSummary));
    expect(summary).toContain('all say the same');
    expect(summary).toMatch(/Files read so far, latest first: f5\d\.txt, f5\d\.txt/);
    // What the model said in between is told to nobody as the session's own text, and counts.
    expect(events.some((event) => event.type === 'text' && event.text.includes('all say the same'))).toBe(
      false,
    );
    expect(session.status().turns).toBe(61);
    await session.close();
  });

  it('is what it was when another process goes on with it, in the middle of a prompt', async () => {
    const reader = new Reader();
    const path = inDirectory('context.db');
    const contextTokens = { 'scripted:*': WINDOW };
    const first = await staged(reader.script, { contextTokens }, await openSqliteStore(path));
    const session = await first.start(OPTIONS);
    const sending = (async () => {
      for await (const event of session.stream('Read the files up to 60.')) {
        if (event.type === 'compacted' && event.how === 'summarised')
          void first.pool.close({ deadlineMs: 0 });
      }
    })();
    await expect(sending).rejects.toMatchObject({ code: 'prompt_parked' });
    await first[Symbol.asyncDispose]();

    const store = await openSqliteStore(path);
    const left = SessionRecord.fold(store.read('s')).conversation;
    expect(left.compaction).not.toBeNull();
    const second = await staged(reader.script, { contextTokens }, store);
    const again = second.pool.session('s')!;
    expect(second.pool.recovery.resumed).toEqual(['s']);
    expect(await again.result('s/1')).toMatchObject({ stopReason: 'end', reply: 'read up to 60' });
    expect(await again.prompt('Go on, up to 70.')).toMatchObject({
      stopReason: 'end',
      reply: 'read up to 70',
    });
    expect(filesRead(again)).toBe(70);
    expect(Math.max(...reader.sizes)).toBeLessThan(WINDOW);
    expect(textOf(reader.requests.at(-1)?.find(isSummary))).toMatch(/latest first: f[56]\d/);
    const { usage } = again.status();
    expect(usage.totalTokens).toBeGreaterThan(0);
    expect(store.session('s')?.usage).toEqual(usage);
    // Whoever folds the journal sends what was sent, and has all that was said.
    const { conversation } = SessionRecord.fold(store.read('s'));
    expect(conversation.messages).toEqual(again.messages());
    expect(`[${conversation.encoded(CHAT)}]`).toBe(JSON.stringify(conversation.sent));
    expect(reader.requests.at(-1)).toEqual(conversation.sent.slice(0, -1));
  });

  it.each(['before', 'after'] as const)(
    'is summarised once more, or not again, when its process dies just %s that is kept',
    async (place) => {
      const reader = new Reader();
      const contextTokens = { 'scripted:*': WINDOW };
      const store = new KeptStore();
      store.dieAt = (entry) => (entry.type === 'compacted' && entry.how === 'summarised' ? place : undefined);
      const server = await startScriptedModel(reader.script);
      stages.push({ [Symbol.asyncDispose]: () => server.close() });
      const session = await (await poolOver(store, server, contextTokens)).start(OPTIONS);
      session.prompt('Read the files up to 30.').catch(() => undefined);
      await store.death;
      const summaries = reader.summaries.length;
      expect(summaries).toBe(1);
      const next = new KeptStore(store);
      const result = await (await poolOver(next, server, contextTokens)).session('s')!.result('s/1');
      expect(result).toMatchObject({ stopReason: 'end', reply: 'read up to 30', turns: 31 });
      const kept = compactions(next.read('s')).filter(({ how }) => how === 'summarised');
      expect(reader.summaries.length).toBe(kept.length + (place === 'before' ? 1 : 0));
      expect(Math.max(...reader.sizes)).toBeLessThan(WINDOW);
    },
  );

  it('keeps a prompt with an image once in its journal, and sends it whole', async () => {
    const reader = new Reader();
    const store = new KeptStore();
    const made = await staged(reader.script, { contextTokens: { 'scripted:*': WINDOW + 1_500 } }, store);
    const session = await made.start(OPTIONS);
    await session.prompt('Read the files up to 2.');
    const bytes = Buffer.concat([
      Buffer.from('89504e470d0a1a0a0000000d494844520000000100000001', 'hex'),
      Buffer.alloc(5_000, 7),
    ]);
    await session.prompt([
      { type: 'text', text: 'Go on, up to 30.' },
      { type: 'image', data: bytes, mediaType: 'image/png' },
    ]);
    expect(compactions(store.read('s')).at(-1)?.compaction.promptAt).not.toBeNull();
    const [last] = reader.requests.slice(-1);
    const images = JSON.stringify(last).match(/data:image\/png;base64/g);
    expect(images).toHaveLength(1);
    expect(JSON.stringify(compactions(store.read('s')))).not.toContain('base64');
  });

  it('is in a fork and after an undo what it was at that point', async () => {
    const reader = new Reader();
    const made = await staged(reader.script, { contextTokens: { 'scripted:*': WINDOW } });
    const session = await made.start(OPTIONS);
    const short = await session.prompt('Read the files up to 4.');
    await session.prompt('Go on, up to 40.');
    const long = session.snapshot();
    const last = (): unknown => reader.requests.at(-1);
    await session.prompt('Go on, up to 41.');
    const wanted = last();
    expect(JSON.stringify(wanted)).toContain('were left out, because');

    const fork = await session.fork({ at: long, id: 'fork' });
    expect(fork.messages()).toEqual(long.messages());
    await fork.prompt('Go on, up to 41.');
    expect(last()).toEqual(wanted);

    await session.undo({ to: long });
    await session.prompt('Go on, up to 41.');
    expect(last()).toEqual(wanted);

    // Before there was anything to leave out, all is sent.
    await session.undo({ to: short.promptId });
    await session.prompt('Go on, up to 5.');
    expect(last()).toEqual(session.messages().slice(0, -1));
    expect(session.messages().filter(({ role }) => role === 'tool')).toHaveLength(5);
  });

  it('is told what it did by a list, where its model fails to summarise', async () => {
    for (const answer of [{ text: ' ' }, { text: 'never', finish: 'content_filter' }] as const) {
      const reader = new Reader(() => ({ ...answer }));
      const made = await staged(reader.script, { contextTokens: { 'scripted:*': WINDOW } });
      const session = await made.start(OPTIONS);
      const events = await collect(session.stream('Read the files up to 40.'));
      const hows = events.flatMap((event) => (event.type === 'compacted' ? event.how : []));
      if (answer.text === ' ') {
        expect(hows).toContain('listed');
        const sent = textOf(reader.requests.at(-1)?.find(isSummary));
        expect(sent).toMatch(/\(calls: read \d+×\)\n\nFiles read so far, latest first: f3/);
      }
      expect(filesRead(session)).toBe(40);
    }
  });
});

const TOO_LONG = (windowTokens: number | null): NonNullable<ScriptedRule['fault']> => ({
  status: 400,
  body: {
    error: {
      code: 'context_length_exceeded',
      message:
        windowTokens === null
          ? 'Please reduce the length of the messages.'
          : `This model's maximum context length is ${windowTokens} tokens.`,
    },
  },
});

/** Reads files one after another; the request after `turn` reads is refused so many times. */
function refusing(turn: number, times: number, windowTokens: number | null): ScriptedRule[] {
  return [
    { match: { system: 'You compact the history' }, answer: { text: 'Read a few files.' } },
    { match: { last: `^ *1\tfile ${turn}\n` }, times, fault: TOO_LONG(windowTokens) },
    ...Array.from({ length: 20 }, (_, n): ScriptedRule => ({
      match: { last: `^ *1\tfile ${n + 1}\n` },
      answer:
        n === 19 ? { text: 'done' } : { calls: [{ name: 'read', arguments: { path: `f${n + 2}.txt` } }] },
    })),
    { match: { last: 'left out' }, answer: { text: 'cannot see it' } },
    { answer: { calls: [{ name: 'read', arguments: { path: 'f1.txt' } }] } },
  ];
}

describe('a request that its provider refuses as too long', () => {
  it.each([
    ['tells its window', 2_500],
    ['tells nothing', null],
  ])('is made again with less, and never again of that length, where the provider %s', async (_, told) => {
    const made = await staged(refusing(10, 1, told));
    const session = await made.start(OPTIONS);
    const events = await collect(session.stream('Read all files.'));
    const compacted = (of: typeof events) =>
      of.flatMap((event) => (event.type === 'compacted' ? [event] : []));
    const [first] = compacted(events);
    expect(first?.turn).toBe(11);
    const ended = events.at(-1);
    expect(ended?.type === 'prompt-ended' && ended.result).toMatchObject({
      stopReason: 'end',
      reply: 'done',
    });
    // The pool has learned it: another session of the model sends no more than that.
    const other = await made.start({ ...OPTIONS, id: 'other' });
    const more = await collect(other.stream('Read all files.'));
    expect(compacted(more).length).toBeGreaterThan(0);
    const most = Math.max(...compacted(more).map(({ beforeTokens }) => beforeTokens));
    expect(most).toBeLessThan(told ?? first!.beforeTokens);
  });

  it('ends the prompt when it is refused once more, with what the provider said', async () => {
    const made = await staged(refusing(10, 2, 2_500));
    const session = await made.start(OPTIONS);
    const result = await session.prompt('Read all files.');
    expect(result).toMatchObject({
      stopReason: 'context-full',
      error: { code: 'context_full', kind: 'context-length', status: 400, retryable: false },
    });
    expect(result.error?.message).toMatch(
      /^the conversation was refused as too long, and no more of it can be left out: it needs about [\d,]+ tokens \(system prompt \d+, tools \d+, task \d+, .* \d+\); the window of scripted:scripted has 2,500 tokens; .*HTTP 400: This model's maximum/,
    );
    // It can be gone on with, and nothing of it is lost.
    expect(await session.prompt('Read all files.')).toMatchObject({ stopReason: 'end', reply: 'done' });
    expect(filesRead(session)).toBe(30);
  });

  it('ends the prompt when there is nothing to leave out', async () => {
    const made = await staged([{ fault: TOO_LONG(900) }]);
    const session = await made.start({ ...OPTIONS, system: 'word '.repeat(2_000) });
    const result = await session.prompt('Read all files.');
    expect(result).toMatchObject({ stopReason: 'context-full', error: { code: 'context_full' } });
    expect(made.requestCount()).toBe(1);
    // Now it is known before.
    await session.prompt('Read them.');
    expect(made.requestCount()).toBe(1);
  });
});

describe('a fallback with a smaller window', () => {
  /** A model that reads twenty files and is down when it has seen the last of them. */
  const DOWN: ScriptedRule[] = [
    { match: { last: '^ *1\tfile 20\n' }, fault: { status: 500 } },
    ...Array.from({ length: 19 }, (_, n): ScriptedRule => ({
      match: { last: `^ *1\tfile ${n + 1}\n` },
      answer: { calls: [{ name: 'read', arguments: { path: `f${n + 2}.txt` } }] },
    })),
    { answer: { calls: [{ name: 'read', arguments: { path: 'f1.txt' } }] } },
  ];

  async function withSmall(
    script: readonly ScriptedRule[],
    contextTokens: Readonly<Record<string, number>> = {},
  ): Promise<{ readonly made: Stage; readonly small: ScriptedModelServer }> {
    const small = await startScriptedModel({ rules: [...script] });
    stages.push({ [Symbol.asyncDispose]: () => small.close() });
    const providers = { small: { baseURL: small.baseURL } };
    return { made: await staged(DOWN, { providers, contextTokens, models: { maxAttempts: 1 } }), small };
  }

  const hows = (events: Awaited<ReturnType<typeof collect>>): readonly string[] =>
    events.flatMap((event) => (event.type === 'compacted' ? event.how : []));
  const SHORTER: ScriptedRule[] = [
    { match: { system: 'You compact the history' }, answer: { text: 'Read a few files.' } },
    { answer: { text: 'from the small one' } },
  ];

  it('is sent less when its window is known, and the summary is not asked of the model that is down', async () => {
    const { made, small } = await withSmall(SHORTER, { 'small:m': 2_500 });
    const session = await made.start({ ...OPTIONS, fallback: ['small:m'] });
    const events = await collect(session.stream('Read all files.'));
    expect(hows(events)).toEqual(['summarised']);
    expect(events.at(-1)).toMatchObject({ result: { stopReason: 'end', reply: 'from the small one' } });
    expect([made.requestCount(), small.requestCount]).toEqual([21, 2]);
  });

  it('that refuses the request is asked again with less; the window that is learned is its own', async () => {
    const { made, small } = await withSmall([{ times: 1, fault: TOO_LONG(2_500) }, ...SHORTER]);
    const session = await made.start({ ...OPTIONS, fallback: ['small:m'] });
    const events = await collect(session.stream('Read all files.'));
    expect(hows(events)).toEqual(['summarised']);
    expect(events.at(-1)).toMatchObject({ result: { stopReason: 'end', reply: 'from the small one' } });
    expect([made.requestCount(), small.requestCount]).toEqual([21, 3]);
    const other = await made.start({ ...OPTIONS, id: 'other' });
    const more = await collect(other.stream('Read all files.'));
    expect(hows(more)).toEqual([]);
    expect(more.at(-1)).toMatchObject({ result: { stopReason: 'model-error', turns: 20 } });
  });

  it('is passed over when what cannot be left out does not fit into it', async () => {
    const { made, small } = await withSmall(SHORTER, { 'small:tiny': 100 });
    const session = await made.start({ ...OPTIONS, fallback: ['small:tiny', 'small:m'] });
    const events = await collect(session.stream('Read all files.'));
    expect(hows(events)).toEqual([]);
    expect(events.filter(({ type }) => type === 'model-fell-back')).toMatchObject([{ to: 'small:m' }]);
    expect(small.requestCount).toBe(1);
    const alone = await made.start({ ...OPTIONS, id: 'alone', fallback: ['small:tiny'] });
    expect(await alone.prompt('Read all files.')).toMatchObject({
      stopReason: 'model-error',
      error: { kind: 'server', status: 500 },
    });
    expect(small.requestCount).toBe(1);
  });
});

describe('a window that is too small', () => {
  it('for system prompt, tools and task is told before anything is sent', async () => {
    const made = await staged([{ answer: { text: 'never' } }]);
    const session = await made.start({ ...OPTIONS, context: { windowTokens: 300, reserveTokens: 100 } });
    const result = await session.prompt('Do it.');
    expect(result.stopReason).toBe('context-full');
    expect(result.error?.message).toMatch(
      /^the window of scripted:scripted has 300 tokens, of which 100 are kept for the answer, and this conversation needs about [\d,]+ tokens \(system prompt \d+, tools \d+, task \d+\)$/,
    );
    expect(made.requestCount()).toBe(0);
  });

  it('for a prompt is told without a summary of what went before', async () => {
    const made = await staged([{ answer: { text: 'word '.repeat(400) } }]);
    const session = await made.start({ ...OPTIONS, context: { windowTokens: 3_000 } });
    await session.prompt('Tell me something.');
    await session.prompt('Tell me more.');
    const result = await session.prompt('a word '.repeat(3_000));
    expect(result).toMatchObject({ stopReason: 'context-full', error: { code: 'context_full' } });
    expect(made.requestCount()).toBe(2);
  });

  it('for the results of the last turn has the model ask for less', async () => {
    const big = baseImage.fromFiles({ 'f1.txt': `file 1\n${'some text of it\n'.repeat(1_500)}` });
    const made = await staged([
      { match: { last: 'left out: [0-9,]+ characters' }, answer: { text: 'too much for me' } },
      { answer: { calls: [{ name: 'read', arguments: { path: 'f1.txt' } }] } },
    ]);
    const session = await made.start({ ...OPTIONS, base: big, context: { windowTokens: 3_000 } });
    expect(await session.prompt('Read it.')).toMatchObject({ stopReason: 'end', reply: 'too much for me' });
  });
});

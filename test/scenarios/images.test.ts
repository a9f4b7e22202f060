import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { transcriptOf } from '../../src/journal/transcript.ts';
import { openSqliteStore } from '../../src/journal/sqlite-store.ts';
import type { PromptContent } from '../../src/pool/prompt-content.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { dataUrlOf, GIF, PNG } from '../fixtures/images.ts';
import { inDirectory, sql } from '../journal/sqlite-stage.ts';
import { collect, onStage, outline } from './support.ts';

const LARGE = Buffer.concat([PNG, Buffer.alloc(200_000, 7)]);
const RULES: ScriptedRule[] = [
  { match: { images: 0 }, answer: { text: 'no image' } },
  { match: { images: 1 }, answer: { text: 'one image: {{user}}' } },
  { match: { images: 2 }, answer: { text: 'two images: {{user}}' } },
];

function imageUrl(url: string): object {
  return { type: 'image_url', image_url: { url } };
}

const TWO: PromptContent = [
  { type: 'text', text: 'compare' },
  { type: 'image', data: LARGE, mediaType: 'image/png' },
  { type: 'image', path: 'shots/b.gif' },
];
const TWO_SENT = {
  role: 'user',
  content: [
    { type: 'text', text: 'compare' },
    imageUrl(dataUrlOf('png', LARGE)),
    imageUrl(dataUrlOf('gif', GIF)),
  ],
};
const FILES = { 'shots/b.gif': GIF };

describe('a prompt with images', () => {
  it('is sent with them, and with the next prompt again', () => {
    const seen: unknown[] = [];
    const answer: ScriptedRule['answer'] = ({ messages }) => {
      seen.push(messages.filter(({ role }) => role === 'user'));
      return { text: 'seen' };
    };
    return onStage([{ answer }], {}, async (stage) => {
      const session = await stage.start({ files: FILES });
      expect((await session.prompt(TWO)).reply).toBe('seen');
      await session.prompt('and now?');
      const next = { role: 'user', content: 'and now?' };
      expect(seen).toEqual([[TWO_SENT], [TWO_SENT, next]]);
      expect(session.messages().filter(({ role }) => role === 'user')).toEqual([TWO_SENT, next]);
    });
  });

  it.each([
    ['Chat Completions', {}],
    ['Chat Completions with marks for a prompt cache', { quirks: { cacheControl: 'anthropic' } }],
    ['the Responses API', { api: 'responses' }],
  ] as const)('reaches the model over %s', (_name, as) =>
    onStage(RULES, {}, async ({ baseURL }) => {
      const pool = await SessionPool.open({ providers: { other: { baseURL, ...as } } });
      try {
        const session = await pool.start({ model: 'other:m', files: FILES });
        expect((await session.prompt(TWO)).reply).toBe('two images: compare');
        expect((await session.prompt(TWO.slice(1, 2) as PromptContent)).reply).toBe('one image: ');
      } finally {
        await pool.close({ deadlineMs: 0 });
      }
    }),
  );

  it('streams like any other, in shard processes too', async () => {
    for (const isolation of ['thread', 'process'] as const) {
      await onStage(RULES, { isolation }, async (stage) => {
        const session = await stage.start({ files: FILES });
        expect(outline(await collect(session.stream(TWO)))).toEqual([
          'prompt-started',
          'text two images: compare',
          'turn-ended',
          'prompt-ended end',
        ]);
      });
    }
  });

  it('shows a file as it was when it was sent, whatever the prompts before it do', () =>
    onStage(
      [
        {
          match: { user: '^change', turn: 0 },
          answer: { calls: [{ name: 'write', arguments: { path: 'shots/b.gif', content: 'gone' } }] },
        },
        { answer: { text: 'done' } },
      ],
      {},
      async (stage) => {
        const session = await stage.start({ files: FILES });
        const [, second] = await Promise.all([session.prompt('change it'), session.prompt(TWO)]);
        expect(second.stopReason).toBe('end');
        expect(session.messages()).toContainEqual(TWO_SENT);
        await expect(session.prompt(TWO)).rejects.toMatchObject({ option: 'prompt[2].path' });
      },
    ));

  it('that is refused leaves nothing: not accepted, not sent', () =>
    onStage(RULES, {}, async (stage) => {
      const session = await stage.start();
      await expect(session.prompt(TWO)).rejects.toMatchObject({
        code: 'invalid_option',
        option: 'prompt[2].path',
      });
      await expect(collect(session.stream([]))).rejects.toMatchObject({ option: 'prompt' });
      expect(session.messages()).toEqual([]);
      expect(stage.requestCount()).toBe(0);
      expect((await session.prompt('hi')).promptId).toBe(`${session.id}/1`);
    }));

  it('is the same prompt by its key only with the same images', () =>
    onStage(RULES, {}, async (stage) => {
      const session = await stage.start({ files: FILES });
      const first = await session.prompt(TWO, { idempotencyKey: 'k' });
      expect((await session.prompt(TWO, { idempotencyKey: 'k' })).promptId).toBe(first.promptId);
      for (const other of ['compare', TWO.slice(0, 2) as PromptContent]) {
        await expect(session.prompt(other, { idempotencyKey: 'k' })).rejects.toMatchObject({
          code: 'idempotency_mismatch',
        });
      }
    }));

  it('can be undone, forked and looked back at', () =>
    onStage(RULES, {}, async (stage) => {
      const session = await stage.start({ files: FILES });
      const first = await session.prompt(TWO);
      await session.prompt('later');
      const fork = await session.fork({ at: first.promptId });
      expect(fork.messages()).toContainEqual(TWO_SENT);
      expect((await fork.prompt([{ type: 'image', path: 'shots/b.gif' }])).reply).toBe('one image: ');
      expect(session.snapshot(first.promptId).messages()).toContainEqual(TWO_SENT);
      await session.undo({ to: 'start' });
      expect(session.messages()).toEqual([]);
      await session.undo({ to: first.promptId });
      expect(session.messages()).toContainEqual(TWO_SENT);
    }));
});

describe('images in a store', () => {
  it('are kept once, and are there in the next process, also for a fork', async () => {
    const file = inDirectory('images.db');
    const server = await startScriptedModel({ rules: RULES });
    const open = (): Promise<SessionPool> =>
      SessionPool.open({ providers: { s: { baseURL: server.baseURL } }, store: `sqlite:${file}` });
    try {
      const first = await open();
      const session = await first.start({ id: 'a', model: 's:m', files: FILES });
      await session.prompt(TWO);
      await session.prompt(TWO);
      await session.fork({ id: 'b' });
      await first.close();

      const kept = sql(file, `SELECT count(*) FROM contents WHERE length(bytes) = ${LARGE.length}`);
      expect(Number(kept[0]?.[0])).toBe(1);
      const second = await open();
      for (const id of ['a', 'b']) {
        const again = second.session(id);
        expect(again?.messages().filter(({ role }) => role === 'user')).toEqual([TWO_SENT, TWO_SENT]);
        const more = await again?.prompt([
          ...TWO.slice(0, 2),
          { type: 'text', text: 'too' },
        ] as PromptContent);
        expect(more?.reply).toBe('one image: comparetoo');
      }
      await second.close();

      const store = await openSqliteStore(file, { readOnly: true });
      const told = transcriptOf(store.read('a')).filter(({ type }) => type === 'message');
      expect(JSON.stringify(told)).toContain(dataUrlOf('gif', GIF));
      await store.close();
    } finally {
      await server.close();
    }
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Model, ModelEvent } from '../../src/model/model.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { asking, collect } from '../model/collect.ts';

export { asking, collect };

/** A model under test, and what it talks to. */
export interface ModelOnStage {
  readonly model: Model;
  /** Requests that have reached the other side. */
  readonly requestCount: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Event types in order but for `began`, pieces of one kind that follow each other counted once: how many there are is the
 * network's affair.
 */
export function outline(events: readonly ModelEvent[]): string[] {
  return events
    .filter((event) => event.type !== 'began')
    .map((event) => (event.type === 'failed' ? `failed ${event.error.kind}` : event.type))
    .filter((type, index, all) => type !== all[index - 1]);
}

/** What every {@link Model} does. `make` puts one in front of a model that follows these rules. */
export function modelContract(make: (rules: readonly ScriptedRule[]) => Promise<ModelOnStage>): void {
  let stage: ModelOnStage;
  beforeEach(async () => {
    stage = await make([
      {
        match: { user: 'think' },
        answer: { reasoning: 'hm, so', text: 'it is so', usage: { input: 7, output: 3 } },
      },
      {
        match: { user: 'call' },
        answer: {
          text: 'looking',
          calls: [
            { name: 'read', arguments: { path: 'a.ts' } },
            { name: 'list', arguments: {} },
          ],
        },
      },
      { match: { user: 'slow' }, answer: { text: 'one two three four', delay: { betweenMs: 60_000 } } },
      { match: { user: 'silent' }, answer: { text: 'late', delay: { firstMs: 60_000 } } },
      { match: { user: 'refuse' }, fault: { refuse: true } },
      { match: { user: 'cut' }, answer: { calls: [{ name: 'read' }] }, fault: { noFinish: true } },
      { answer: { text: 'you said {{user}}' } },
    ]);
  });
  afterEach(() => stage.close());

  describe('a response', () => {
    it('is its text in pieces, and then the whole, once and last', async () => {
      const events = await collect(stage.model, asking('héllo 🎉'));
      expect(outline(events)).toEqual(['text', 'end']);
      const pieces = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
      const last = events.at(-1);
      expect(last?.type === 'end' && last.response).toMatchObject({
        text: 'you said héllo 🎉',
        reasoning: '',
        toolCalls: [],
        finishReason: 'stop',
      });
      expect(pieces).toBe('you said héllo 🎉');
    });

    it('begins once, before anything of it, when the provider has taken the request', async () => {
      const events = await collect(stage.model, asking('think'));
      expect(events.map(({ type }) => type === 'began').lastIndexOf(true)).toBe(0);
    });

    it('tells reasoning before text, and the tokens that the provider counted', async () => {
      const events = await collect(stage.model, asking('think'));
      expect(outline(events)).toEqual(['reasoning', 'text', 'end']);
      const last = events.at(-1);
      expect(last?.type === 'end' && last.response).toMatchObject({
        reasoning: 'hm, so',
        text: 'it is so',
        usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10, estimated: false },
      });
    });

    it('brings its tool calls whole, in order, each with an id of its own', async () => {
      const last = (await collect(stage.model, asking('call'))).at(-1);
      if (last?.type !== 'end') throw new Error(`expected an end, got ${last?.type}`);
      expect(last.response.finishReason).toBe('tool-calls');
      expect(last.response.toolCalls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual([
        ['read', { path: 'a.ts' }],
        ['list', {}],
      ]);
      const ids = new Set(last.response.toolCalls.map(({ id }) => id));
      expect(ids.size).toBe(2);
      expect(ids).not.toContain('');
    });

    it('belongs to its own request when several run at once', async () => {
      const texts = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const last = (await collect(stage.model, asking(`number ${index}`))).at(-1);
          return last?.type === 'end' ? last.response.text : last?.type;
        }),
      );
      expect(texts).toEqual(Array.from({ length: 20 }, (_, index) => `you said number ${index}`));
    });
  });

  describe('an attempt that fails', () => {
    it.each([
      ['refuse', ['failed connect']],
      ['cut', ['failed incomplete-stream']],
    ])('throws nothing and ends with what went wrong: %s', async (prompt, expected) => {
      expect(outline(await collect(stage.model, asking(prompt)))).toEqual(expected);
    });

    it('leaves the model as it was', async () => {
      await collect(stage.model, asking('refuse'));
      expect(outline(await collect(stage.model, asking('again')))).toEqual(['text', 'end']);
    });
  });

  describe('an attempt that is cancelled', () => {
    it('before it begins asks nothing', async () => {
      const events = await collect(stage.model, asking('go'), { signal: AbortSignal.abort() });
      expect(outline(events)).toEqual(['failed cancelled']);
      expect(stage.requestCount()).toBe(0);
      // What the first one made ready, the next ones have at once.
      await collect(stage.model, asking('go'));
      const more = await collect(stage.model, asking('go'), { signal: AbortSignal.abort() });
      expect(outline(more)).toEqual(['failed cancelled']);
      expect(stage.requestCount()).toBe(1);
    });

    it('before the first byte ends as cancelled', async () => {
      const controller = new AbortController();
      const events = collect(stage.model, asking('silent'), { signal: controller.signal });
      await expect.poll(stage.requestCount).toBe(1);
      controller.abort();
      expect(outline(await events)).toEqual(['failed cancelled']);
    });

    it('between pieces keeps what was told and ends as cancelled', async () => {
      const controller = new AbortController();
      const events = await collect(stage.model, asking('slow'), {
        signal: controller.signal,
        onEvent: ({ type }) => type === 'text' && controller.abort(),
      });
      expect(outline(events)).toEqual(['text', 'failed cancelled']);
    });

    it('after its end is as it was', async () => {
      const controller = new AbortController();
      const events = await collect(stage.model, asking('go'), { signal: controller.signal });
      controller.abort();
      expect(outline(events)).toEqual(['text', 'end']);
    });
  });
}

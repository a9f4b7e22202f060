import { describe, expect, it } from 'vitest';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import { asking, collect, outline } from '../contracts/model.ts';
import { failureOf, onScripted, withFault } from './on-scripted.ts';
import { event, finishEvent, PATIENT, startStream, textEvent, withRawServer } from './raw-server.ts';

describe('a stream that is cut over HTTP', () => {
  const before = textEvent('all ') + textEvent('of it');
  const whole = before + finishEvent() + event('[DONE]');
  const cuts = [
    0,
    1,
    6,
    40,
    textEvent('all ').length - 1,
    before.length - 1,
    before.length,
    before.length + 20,
  ];

  it.each(cuts)('after %i bytes is never complete', async (bytes) => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(whole.slice(0, bytes));
      },
      ({ model }) => collect(model),
    );
    expect(events.some(({ type }) => type === 'end')).toBe(false);
    expect(events.at(-1)?.type).toBe('failed');
  });

  it('nowhere is complete', async () => {
    const events = await withRawServer(
      (response) => {
        startStream(response);
        response.end(whole);
      },
      ({ model }) => collect(model),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end', response: { text: 'all of it' } });
  });
});

describe('a deadline', () => {
  it('for the first byte ends the attempt, which may be made again', async () => {
    const events = await withRawServer(
      () => {},
      ({ model }) => collect(model),
      { deadlines: { firstByteMs: 60 } },
    );
    const error = failureOf(events);
    expect(error).toMatchObject({ kind: 'timeout', retryable: true });
    expect(error.message).toContain('no first byte within 60 ms');
  });

  it.each<[string, Partial<typeof PATIENT>, ScriptedFault, string]>([
    ['idle', { idleMs: 60 }, { stall: 300 }, 'no content within 60 ms'],
    ['idle, whatever comments come', { idleMs: 120 }, { pingOnly: true }, 'no content within 120 ms'],
    ['total', { totalMs: 80 }, { pingOnly: true }, 'no end within 80 ms'],
  ])('for %s ends the attempt, which may be made again', async (_which, deadlines, fault, message) => {
    const events = await withFault(fault, ({ model }) => collect(model), { ...PATIENT, ...deadlines });
    const error = failureOf(events);
    expect(error).toMatchObject({ kind: 'timeout', retryable: true });
    expect(error.message).toContain(message);
  });

  it('for idle is pushed on by every piece of content', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'a b c d e f g h', delay: { betweenMs: 100 } } }];
    const stage = await onScripted(rules, { ...PATIENT, idleMs: 400 });
    const events = await collect(stage.model);
    await stage.close();
    expect(outline(events)).toEqual(['text', 'end']);
  });
});

describe('the network', () => {
  it('is left at once when the attempt is cancelled', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.write(textEvent('one'));
      },
      async ({ model, openConnections }) => {
        const controller = new AbortController();
        await collect(model, asking('go'), {
          signal: controller.signal,
          onEvent: ({ type }) => type === 'text' && controller.abort(),
        });
        await expect.poll(openConnections, { timeout: 2_000 }).toBe(0);
      },
    );
  });

  it('is left at a deadline', async () => {
    await withRawServer(
      () => {},
      async ({ model, openConnections }) => {
        await collect(model);
        await expect.poll(openConnections, { timeout: 2_000 }).toBe(0);
      },
      { deadlines: { firstByteMs: 40 } },
    );
  });

  it.each([
    ['a response', 200],
    ['an error', 429],
  ])('keeps its connections after %s', async (_what, status) => {
    await withRawServer(
      (response) => {
        if (status === 200) startStream(response);
        else response.writeHead(status, { 'content-type': 'application/json' });
        response.end(status === 200 ? textEvent('x') + finishEvent() + event('[DONE]') : '{"error":{}}');
      },
      async ({ model, connectionCount, requests }) => {
        for (let turn = 0; turn < 10; turn += 1) await collect(model);
        expect(requests).toHaveLength(10);
        // A request in the very tick of an end finds that connection not yet free; the two then take turns.
        expect(connectionCount()).toBeLessThanOrEqual(2);
      },
    );
  });

  it('carries as many requests at once as there are, none behind another', async () => {
    const waiting: (() => void)[] = [];
    await withRawServer(
      (response) => {
        waiting.push(() => {
          startStream(response);
          response.end(textEvent('x') + finishEvent() + event('[DONE]'));
        });
        // Nobody is answered before all have asked.
        if (waiting.length === 64) for (const go of waiting) go();
      },
      async ({ model }) => {
        const all = await Promise.all(Array.from({ length: 64 }, () => collect(model)));
        expect(all.every((events) => events.at(-1)?.type === 'end')).toBe(true);
      },
    );
  });

  it('is not led elsewhere by a redirect', async () => {
    await withRawServer(
      (response) => response.end(),
      async (elsewhere) => {
        const target = `${elsewhere.baseURL}/chat/completions`;
        const error = failureOf(await withFault({ redirect: target }, ({ model }) => collect(model)));
        expect(error).toMatchObject({ kind: 'bad-response', status: 307, retryable: false });
        expect(elsewhere.requests).toEqual([]);
      },
    );
  });
});

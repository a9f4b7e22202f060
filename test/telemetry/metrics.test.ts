import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { event, finishEvent, startStream, textEvent, withRawServer } from '../model/raw-server.ts';
import { onStage, turns } from '../scenarios/support.ts';
import { withCollector, type Collector, type Point } from './collector.ts';

async function pointsOf(
  rules: readonly ScriptedRule[],
  isDone: (collector: Collector) => Promise<void> = () => Promise.resolve(),
): Promise<ReadonlyMap<string, readonly Point[]>> {
  return withCollector((collector) =>
    onStage(rules, {}, async (stage) => {
      const session = await stage.start();
      await session.prompt('go');
      await isDone(collector);
      return collector.points();
    }),
  );
}

/** Of the points that have all these attributes: how many values, and their sum. */
function total(points: readonly Point[] | undefined, attributes: Attributes): readonly [number, number] {
  const found = (points ?? []).filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  );
  return [found.reduce((sum, { count }) => sum + count, 0), found.reduce((sum, { sum: s }) => sum + s, 0)];
}

describe('metrics', () => {
  it('count model calls by what they were and what became of them, tokens, and waits', async () => {
    const points = await pointsOf([
      { times: 1, answer: {}, fault: { status: 503 } },
      ...turns(
        { calls: [{ name: 'list', arguments: {} }], usage: { input: 10, output: 3 } },
        { text: 'done', usage: { input: 20, output: 4 } },
      ),
    ]);
    const duration = points.get('gen_ai.client.operation.duration');
    expect(total(duration, { 'gen_ai.operation.name': 'chat' })[0]).toBe(3);
    expect(total(duration, { 'error.type': 'overloaded' })[0]).toBe(1);
    const tokens = points.get('gen_ai.client.token.usage');
    expect(total(tokens, { 'gen_ai.token.type': 'input' })).toEqual([2, 30]);
    expect(total(tokens, { 'gen_ai.token.type': 'output' })).toEqual([2, 7]);
    expect(
      total(tokens, { 'gen_ai.provider.name': 'scripted', 'gen_ai.response.model': 'scripted' })[0],
    ).toBe(4);
    expect(total(points.get('gen_ai.client.operation.time_to_first_chunk'), {})[0]).toBe(2);
    expect(total(points.get('skein.thread.wait'), {})[0]).toBe(1);
    expect(total(points.get('skein.sessions'), { 'skein.session.state': 'idle' })[0]).toBe(1);
  });

  it('have no tokens that the provider did not count', async () => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.end(textEvent('fine') + finishEvent() + event('[DONE]'));
      },
      async ({ baseURL }) => {
        await withCollector(async (collector) => {
          const pool = await SessionPool.open({ providers: { raw: { baseURL } } });
          const session = await pool.start({ model: 'raw:any' });
          expect((await session.prompt('go')).usage).toMatchObject({ estimated: true });
          const points = await collector.points();
          expect(total(points.get('gen_ai.client.operation.duration'), {})[0]).toBe(1);
          expect(points.get('gen_ai.client.token.usage')).toBeUndefined();
          const { attributes } = collector.span('chat any');
          expect(attributes['skein.usage.estimated']).toBe(true);
          expect(Object.keys(attributes).filter((key) => key.startsWith('gen_ai.usage.'))).toEqual([]);
          await pool.close();
        });
      },
    );
  });

  it('add up the sessions of several pools, and forget a pool that is closed', async () => {
    await withCollector(async (collector) => {
      const idle = async (): Promise<number> =>
        total((await collector.points()).get('skein.sessions'), { 'skein.session.state': 'idle' })[0];
      await onStage([], {}, async (one) => {
        await one.start();
        await onStage([], {}, async (two) => {
          await two.start();
          await two.start();
          expect(await idle()).toBe(3);
        });
        expect(await idle()).toBe(1);
      });
    });
  });
});

describe('a provider', () => {
  it.each([
    [true, 1],
    [false, 0],
  ])('gets the call’s trace context only when its options say so (%s)', async (traceHeaders, count) => {
    await withRawServer(
      (response) => {
        startStream(response);
        response.end(textEvent('fine') + finishEvent() + event('[DONE]'));
      },
      async ({ baseURL, requests }) => {
        await withCollector(async (collector) => {
          const pool = await SessionPool.open({ providers: { raw: { baseURL, traceHeaders } } });
          await (await pool.start({ model: 'raw:any' })).prompt('go');
          await pool.close();
          const { traceId, spanId } = collector.span('chat any').spanContext();
          const sent = requests.flatMap(({ headers }) => headers['traceparent'] ?? []);
          expect(sent).toEqual(Array.from({ length: count }, () => `00-${traceId}-${spanId}-01`));
        });
      },
    );
  });
});

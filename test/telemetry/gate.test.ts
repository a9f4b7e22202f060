import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { SessionEvent } from '../../src/pool/events.ts';
import type { Session } from '../../src/pool/session.ts';
import type { Stage } from '../scenarios/support.ts';
import { type Collector, type Point } from './collector.ts';
import { endMs, onTracedStage, startMs } from './traced-stage.ts';

/** What the prompt tells of the gate. */
async function gateEvents(session: Session, text: string, onWait?: () => void): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const event of session.stream(text)) {
    if (event.type === 'gate-waiting') onWait?.();
    if (event.type.startsWith('gate-')) events.push(event);
  }
  return events;
}

async function waitsOf(collector: Collector): Promise<readonly Point[]> {
  return (await collector.points()).get('skein.gate.wait') ?? [];
}

describe('a wait at the gate', () => {
  it('is a span in its turn, with what was waited for, and in the metrics', async () => {
    const rules: ScriptedRule[] = [
      { match: { user: 'once more' }, times: 1, fault: { status: 429, retryAfter: 0.05 } },
      { answer: { text: 'fine' } },
    ];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start();
      await session.prompt('once more');
      const wait = collector.span('skein.wait_gate');
      expect(wait.attributes).toEqual({
        'gen_ai.provider.name': 'scripted',
        'gen_ai.request.model': 'scripted',
        'skein.gate.reason': 'paused',
      });
      const turn = collector.span('skein.turn');
      expect(wait.parentSpanContext?.spanId).toBe(turn.spanContext().spanId);
      expect(endMs(wait) - startMs(wait)).toBeGreaterThanOrEqual(40);
      const [refused, answered] = collector.spans.filter(({ name }) => name === 'chat scripted');
      expect([refused?.attributes['error.type'], answered?.attributes['error.type']]).toEqual([
        'rate-limited',
        undefined,
      ]);
      const points = (await collector.points()).get('skein.gate.wait');
      expect(points?.map(({ count }) => count)).toEqual([1]);
    });
  });

  it('has no span where nothing was waited for', async () => {
    await onTracedStage([{ answer: { text: 'fine' } }], async (stage, collector) => {
      await (await stage.start()).prompt('go');
      expect(collector.spans.filter(({ name }) => name === 'skein.wait_gate')).toEqual([]);
      expect(await waitsOf(collector)).toEqual([]);
    });
  });

  it('that a cancel ends is told, and has its span: cancelled, and no error', async () => {
    await onTracedStage([{ fault: { status: 429, retryAfter: 50 } }], async (stage, collector) => {
      const session = await stage.start();
      const events = await gateEvents(session, 'go', () => void session.cancel());
      expect(events).toMatchObject([
        { type: 'gate-waiting', turn: 1, model: 'scripted:scripted', reason: 'paused' },
        { type: 'gate-left', turn: 1, model: 'scripted:scripted', kind: 'cancelled' },
      ]);
      const wait = collector.span('skein.wait_gate');
      expect(wait.attributes).toMatchObject({ 'skein.gate.reason': 'paused', 'error.type': 'cancelled' });
      expect(wait.status.code).toBe(SpanStatusCode.UNSET);
      expect(wait.parentSpanContext?.spanId).toBe(collector.span('skein.turn').spanContext().spanId);
      expect(await waitsOf(collector)).toMatchObject([
        { count: 1, attributes: { 'error.type': 'cancelled', 'gen_ai.request.model': 'scripted' } },
      ]);
    });
  });

  it('that is given up is an error, of the kind that the prompt ends with', async () => {
    const rules: ScriptedRule[] = [
      { times: 1, answer: { text: 'fine' } },
      { fault: { status: 429, retryAfter: 50 } },
    ];
    const use = async (stage: Stage, collector: Collector): Promise<void> => {
      const session = await stage.start();
      await session.prompt('warm up');
      const events = await gateEvents(session, 'go');
      expect(events.map(({ type }) => type)).toEqual(['gate-waiting', 'gate-left']);
      const [waiting, left] = events;
      expect(left).toMatchObject({ kind: 'rate-limited' });
      expect(left?.type === 'gate-left' && left.waitedMs).toBeGreaterThan(0);
      expect(waiting?.seq).toBeLessThan(left!.seq);
      const wait = collector.span('skein.wait_gate');
      expect(wait.attributes).toMatchObject({ 'error.type': 'rate-limited' });
      expect(wait.status.code).toBe(SpanStatusCode.ERROR);
    };
    await onTracedStage(rules, use, { models: { maxWaitMs: 300 } });
  });
});

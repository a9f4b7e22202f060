import { describe, expect, it } from 'vitest';
import { NO_USAGE, type RateLimits } from '../../src/model/model.ts';
import { laneId } from './crowd.ts';
import { Desk, failure, given, passed, settle, type Asked } from './desk.ts';

const DAY = 86_400_000;

function serve(asked: Asked, limits: RateLimits | null = null): void {
  const permit = given(asked);
  permit.began(limits);
  permit.succeeded(NO_USAGE);
}

describe('requests under way', () => {
  it('are 16 at first, two more for each that begins, and half of it after a signal', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(60);
    expect(passed(asked)).toBe(16);
    for (const one of asked.slice(0, 16)) given(one).began(null);
    await settle();
    expect(passed(asked)).toBe(48);
    given(asked[20]!).failed(failure('overloaded'));
    expect(desk.gate.stats()[0]?.maxInFlight).toBe(24);
    // The others that were under way tell of the same moment.
    given(asked[21]!).failed(failure('overloaded'));
    expect(desk.gate.stats()[0]?.maxInFlight).toBe(24);
  });

  it('stay as many when the one that goes alone finds the provider overloaded', async () => {
    const desk = new Desk();
    for (let time = 0; time < 3; time += 1) {
      given(await desk.ask()).failed(failure('overloaded'));
      expect(desk.gate.stats()[0]?.maxInFlight).toBe(16);
    }
  });

  it('are never more than configured, and begin with that or with what is said', async () => {
    const desk = new Desk();
    const three = await desk.askMany(9, { lane: laneId({ maxInFlight: 3 }, 'three') });
    expect(passed(three)).toBe(3);
    for (const one of three.slice(0, 3)) given(one).began(null);
    await settle();
    expect(passed(three)).toBe(3);
    const two = await desk.askMany(9, { lane: laneId({ maxInFlight: 3, startInFlight: 2 }, 'two') });
    expect(passed(two)).toBe(2);
  });

  it('of one lane do not count in another', async () => {
    const desk = new Desk();
    const limits = { maxInFlight: 1 };
    const asked = [
      ...(await desk.askMany(2, { lane: laneId(limits, 'one') })),
      ...(await desk.askMany(2, { lane: laneId(limits, 'other') })),
    ];
    expect(passed(asked)).toBe(2);
    expect(desk.gate.stats().map(({ inFlight }) => inFlight)).toEqual([1, 1]);
  });
});

describe('an allowance that is configured', () => {
  it('spreads requests over the minute', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(5, { lane: laneId({ requestsPerMinute: 60 }) });
    expect(passed(asked)).toBe(1);
    expect(asked[1]?.waits).toEqual([{ reason: 'requests', expectedMs: 1_000 }]);
    await desk.advance(2_000);
    expect(passed(asked)).toBe(3);
  });

  it('of tokens is reserved by the estimate and set right by the usage', async () => {
    const desk = new Desk();
    const lane = laneId({ tokensPerMinute: 60_000 });
    const asked = await desk.askMany(3, { lane, estimatedTokens: 1_000 });
    expect(passed(asked)).toBe(1);
    expect(asked[1]?.waits).toEqual([{ reason: 'tokens', expectedMs: 1_000 }]);
    given(asked[0]!).succeeded({ ...NO_USAGE, totalTokens: 5_000 });
    await desk.advance(4_900);
    expect(passed(asked)).toBe(1);
    await desk.advance(200);
    expect(passed(asked)).toBe(2);
  });

  it('is owed a minute at most, whatever usage a provider makes up', async () => {
    const desk = new Desk();
    const lane = laneId({ tokensPerMinute: 60_000 });
    const [first] = await desk.askMany(1, { lane, estimatedTokens: 1_000 });
    given(first!).succeeded({ ...NO_USAGE, totalTokens: 1e300 });
    const next = await desk.ask({ lane, estimatedTokens: 1_000 });
    await desk.advance(59_000);
    expect(next.permit).toBeUndefined();
    await desk.advance(2_000);
    expect(next.permit).toBeDefined();
  });

  it('lets a request through that is larger than all of it, when it is whole', async () => {
    const desk = new Desk();
    const lane = laneId({ tokensPerMinute: 60_000 });
    const [first, second] = await desk.askMany(2, { lane, estimatedTokens: 100_000 });
    expect(first?.permit).toBeDefined();
    given(first!).release();
    await desk.advance(1_000);
    expect(second?.permit).toBeDefined();
  });

  it('has back what was not sent', async () => {
    const desk = new Desk();
    const [first, second] = await desk.askMany(2, { lane: laneId({ requestsPerMinute: 60 }) });
    given(first!).release();
    await settle();
    expect(second?.permit).toBeDefined();
  });
});

describe('what the provider says of its limits', () => {
  it('holds requests back before they are rejected', async () => {
    const desk = new Desk();
    serve(await desk.ask(), { requests: { limit: 60, remaining: 0, resetMs: 6_000 } });
    const next = await desk.ask();
    // A tenth of the allowance comes back each 600 ms when it is whole in 6 s.
    expect(next.waits).toEqual([{ reason: 'requests', expectedMs: 100 }]);
    await desk.advance(100);
    expect(next.permit).toBeDefined();
  });

  it('of tokens, too', async () => {
    const desk = new Desk();
    serve(await desk.ask(), { tokens: { limit: 10_000, remaining: 100, resetMs: 9_900 } });
    const next = await desk.ask({ estimatedTokens: 600 });
    expect(next.waits).toEqual([{ reason: 'tokens', expectedMs: 500 }]);
  });

  it('is tried when it would be a long wait, by one request, and not believed when that is answered', async () => {
    const desk = new Desk();
    serve(await desk.ask(), { requests: { limit: 1, remaining: 0, resetMs: DAY } });
    const asked = await desk.askMany(3);
    await desk.advance(9_999);
    expect(passed(asked)).toBe(0);
    await desk.advance(1);
    expect(passed(asked)).toBe(1);
    serve(asked[0]!, { requests: { limit: 1, remaining: 0, resetMs: DAY } });
    await settle();
    expect(passed(asked)).toBe(3);
  });

  it('is believed for longer when such a try is rejected', async () => {
    const desk = new Desk();
    serve(await desk.ask(), { requests: { limit: 1, remaining: 0, resetMs: DAY } });
    const asked = await desk.askMany(3);
    await desk.advance(10_000);
    const limits = { requests: { limit: 1, remaining: 0, resetMs: DAY } };
    given(asked[0]!).failed(failure('rate-limited', { limits }));
    await desk.advance(59_000);
    expect(passed(asked)).toBe(1);
  });
});

describe('a rejection', () => {
  it('pauses everybody for what was asked, and then one goes ahead of the others', async () => {
    const desk = new Desk();
    const [first] = await desk.askMany(1);
    const setback = given(first!).failed(failure('rate-limited', { retryAfterMs: 20_000 }));
    // Half of the jitter, which is a second at most.
    expect(setback).toEqual({ isLanes: true, pausedForMs: 20_500 });
    const asked = await desk.askMany(3);
    expect(asked[2]?.waits).toEqual([{ reason: 'paused', expectedMs: 20_500 }]);
    expect(desk.gate.stats()[0]?.pausedForMs).toBe(20_500);
    await desk.advance(20_499);
    expect(passed(asked)).toBe(0);
    await desk.advance(1);
    expect(passed(asked)).toBe(1);
    given(asked[0]!).began(null);
    await settle();
    expect(passed(asked)).toBe(3);
  });

  it('that names no time pauses for longer each time, until a request is taken', async () => {
    const desk = new Desk();
    const pauses: number[] = [];
    for (let time = 0; time < 6; time += 1) {
      const { pausedForMs } = given(await desk.ask()).failed(failure('rate-limited'));
      pauses.push(pausedForMs);
      await desk.advance(pausedForMs);
    }
    expect(pauses).toEqual([1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    serve(await desk.ask());
    expect(given(await desk.ask()).failed(failure('rate-limited')).pausedForMs).toBe(1_500);
  });

  it('that names a moment in the past is taken at its word once', async () => {
    const desk = new Desk();
    expect(given(await desk.ask()).failed(failure('rate-limited', { retryAfterMs: 0 })).pausedForMs).toBe(0);
    expect(given(await desk.ask()).failed(failure('rate-limited', { retryAfterMs: 0 })).pausedForMs).toBe(
      1_500,
    );
  });

  it('gives its session the place that it had', async () => {
    const desk = new Desk();
    const lane = laneId({ maxInFlight: 1 });
    const [first, second] = await desk.askMany(2, { lane });
    given(first!).failed(failure('rate-limited', { retryAfterMs: 5_000 }));
    const again = await desk.ask({ lane, sessionId: 's0' });
    await desk.advance(6_000);
    expect(again.permit).toBeDefined();
    expect(second?.permit).toBeUndefined();
  });
});

describe('a provider that asks for a day', () => {
  it('has everybody refused at once with the time, and is tried by one when the most that is waited for is over', async () => {
    const desk = new Desk({ maxRetryAfterMs: 60_000 });
    const lane = laneId({ maxInFlight: 2 });
    const asked = await desk.askMany(5, { lane });
    given(asked[0]!).failed(failure('rate-limited', { retryAfterMs: DAY }));
    await settle();
    const late = await desk.ask({ lane });
    for (const one of [asked[2], asked[4], late]) {
      expect(one?.error).toMatchObject({ kind: 'rate-limited', retryable: true });
      expect(one?.error?.message).toMatch(
        /^sim: rate limited until 1970-01-02T00:00:00\.000Z: .* longer than models\.maxRetryAfterMs \(model\)$/,
      );
    }
    given(asked[1]!).failed(failure('cancelled'));
    await desk.advance(61_000);
    const after = await desk.askMany(3, { lane });
    expect(passed(after)).toBe(1);
    given(after[0]!).failed(failure('rate-limited', { retryAfterMs: DAY }));
    await settle();
    expect(after[1]?.error?.message).toContain('rate limited until');
  });
});

describe('a provider that is overloaded for a day', () => {
  it('has everybody refused at once, those who wait already too', async () => {
    const desk = new Desk({ maxRetryAfterMs: 60_000 });
    const asked = await desk.askMany(5, { lane: laneId({ maxInFlight: 2 }) });
    given(asked[0]!).failed(failure('overloaded', { retryAfterMs: DAY }));
    await settle();
    expect(asked[2]?.error?.message).toContain('which is longer than models.maxRetryAfterMs');
    expect(asked[4]?.error).toBeDefined();
  });
});

describe('a provider that is down', () => {
  async function broken(): Promise<Desk> {
    const desk = new Desk();
    serve(await desk.ask());
    for (const one of await desk.askMany(5)) given(one).failed(failure('connect'));
    return desk;
  }

  it('is left alone, and then asked by one at a time, while the others wait', async () => {
    const desk = await broken();
    const asked = await desk.askMany(3);
    expect(asked[1]?.waits).toEqual([{ reason: 'breaker', expectedMs: 1_000 }]);
    await desk.advance(1_000);
    expect(passed(asked)).toBe(1);
    expect(desk.gate.stats()[0]?.breaker).toBe('half-open');
    expect(given(asked[0]!).failed(failure('connect'))).toEqual({ isLanes: true, pausedForMs: 2_000 });
    await desk.advance(2_000);
    expect(passed(asked)).toBe(2);
    serve(asked[1]!);
    await settle();
    expect(passed(asked)).toBe(3);
    expect(desk.gate.stats()[0]?.breaker).toBe('closed');
  });

  it('is not waited for by whoever can go elsewhere', async () => {
    const desk = new Desk();
    const lane = laneId({ maxInFlight: 5 });
    serve(await desk.ask({ lane }));
    const asked = await desk.askMany(5, { lane });
    await desk.askMany(4, { lane });
    const choosy = await desk.ask({ lane, hasAlternative: true });
    const patient = await desk.ask({ lane });
    for (const one of asked) given(one).failed(failure('connect'));
    await settle();
    expect(choosy.error).toMatchObject({ kind: 'connect' });
    expect((await desk.ask({ lane, hasAlternative: true })).error?.message).toContain('does not work');
    expect(patient.error).toBeUndefined();
    // Worth a try again.
    await desk.advance(1_000);
    given(patient).failed(failure('cancelled'));
    expect((await desk.ask({ lane, hasAlternative: true })).permit).toBeDefined();
  });

  it('makes nobody wait when it has never worked', async () => {
    const desk = new Desk();
    for (let time = 0; time < 20; time += 1) {
      expect(given(await desk.ask()).failed(failure('connect')).isLanes).toBe(false);
    }
  });

  it('is told apart from one that finds fault with a request', async () => {
    const desk = new Desk();
    for (let time = 0; time < 20; time += 1) {
      const asked = await desk.ask();
      expect(given(asked).failed(failure('invalid-request', { status: 400 })).isLanes).toBe(false);
    }
  });
});

describe('a prefix that is not warm', () => {
  it('has one request go ahead until its answer begins', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(4, { prefix: 'p' });
    const other = await desk.ask({ prefix: 'q' });
    expect(passed(asked)).toBe(1);
    expect(other.permit).toBeDefined();
    expect(asked[3]?.waits).toEqual([{ reason: 'warming', expectedMs: null }]);
    given(asked[0]!).began(null);
    await settle();
    expect(passed(asked)).toBe(4);
  });

  it('has the next one go ahead when the first fails, is cancelled or not sent', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(5, { prefix: 'p' });
    given(asked[0]!).failed(failure('connect'));
    await settle();
    expect(passed(asked)).toBe(2);
    given(asked[1]!).failed(failure('cancelled'));
    given(asked[1]!).release();
    await settle();
    expect(passed(asked)).toBe(3);
    asked[3]!.cancel();
    given(asked[2]!).release();
    await settle();
    expect(asked[4]?.permit).toBeDefined();
  });

  it('does not keep the others for longer than ten seconds', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(3, { prefix: 'p' });
    await desk.advance(10_000);
    expect(passed(asked)).toBe(3);
  });

  it('stays warm for five minutes after its last use', async () => {
    const desk = new Desk();
    serve(await desk.ask({ prefix: 'p' }));
    await desk.advance(299_000);
    const again = await desk.askMany(2, { prefix: 'p' });
    expect(passed(again)).toBe(2);
    again.forEach((one) => serve(one));
    await desk.advance(301_000);
    expect(passed(await desk.askMany(2, { prefix: 'p' }))).toBe(1);
  });
});

describe('a wait', () => {
  it('ends at once when it is cancelled, and leaves its place to the others', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(4, { lane: laneId({ maxInFlight: 1 }) });
    asked[1]!.cancel();
    await settle();
    expect(asked[1]?.error).toMatchObject({ kind: 'cancelled' });
    serve(asked[0]!);
    await settle();
    expect(asked.map(({ permit }) => permit !== undefined)).toEqual([true, false, true, false]);
    expect(desk.gate.stats()[0]?.waiting).toEqual({ interactive: 1, batch: 0 });
  });

  it.each([
    ['in-flight', { maxInFlight: 1 }, 'for one of the requests under way to end'],
    [
      'requests',
      { requestsPerMinute: 1, maxInFlight: 9 },
      'for the requests a minute that the provider takes',
    ],
  ])(
    'for %s that is too long ends with an error that says what was waited for',
    async (_reason, limits, what) => {
      const desk = new Desk();
      const lane = laneId(limits);
      const asked = await desk.askMany(2, { lane, maxWaitMs: 30_000 });
      await desk.advance(30_000);
      expect(asked[1]?.error?.kind).toBe('rate-limited');
      expect(asked[1]?.error?.message).toBe(`sim: gave up after 30 s of waiting ${what} (model)`);
    },
  );

  it('for a provider that is down ends with the kind and the words of its last failure', async () => {
    const desk = new Desk();
    serve(await desk.ask());
    for (const one of await desk.askMany(5)) given(one).failed(failure('timeout'));
    const asked = await desk.ask({ maxWaitMs: 500 });
    await desk.advance(500);
    expect(asked.error).toMatchObject({ kind: 'timeout' });
    expect(asked.error?.message).toContain('last: it is timeout');
  });

  it('is shown, the longest one with what it is for', async () => {
    const desk = new Desk();
    const lane = laneId({ maxInFlight: 1, requestsPerMinute: 600 });
    await desk.askMany(3, { lane });
    await desk.ask({ lane, priority: 'batch' });
    await desk.advance(2_500);
    expect(desk.gate.stats()).toEqual([
      {
        provider: 'sim',
        model: 'model',
        inFlight: 1,
        maxInFlight: 1,
        waiting: { interactive: 2, batch: 1 },
        requestsPerMinute: 600,
        tokensPerMinute: null,
        pausedForMs: 0,
        breaker: 'closed',
        requests: 1,
        rateLimited: 0,
        longestWait: { waitedMs: 2_500, reason: 'in-flight' },
      },
    ]);
  });

  it('ends when the gate is closed, and none begins after that', async () => {
    const desk = new Desk();
    const asked = await desk.askMany(3, { lane: laneId({ requestsPerMinute: 1 }) });
    desk.gate.close();
    await settle();
    expect(asked.map(({ error }) => error?.kind)).toEqual([undefined, 'cancelled', 'cancelled']);
    expect((await desk.ask()).error).toMatchObject({ kind: 'cancelled' });
  });
});

describe('a permit', () => {
  it('ends once: what is said of it later changes nothing', async () => {
    const desk = new Desk();
    const asked = await desk.ask();
    serve(asked);
    given(asked).release();
    expect(given(asked).failed(failure('rate-limited'))).toEqual({ isLanes: false, pausedForMs: 0 });
    expect(desk.gate.stats()[0]).toMatchObject({ inFlight: 0, rateLimited: 0 });
  });
});

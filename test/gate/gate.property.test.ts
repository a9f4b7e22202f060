import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../src/model/model.ts';
import { laneId } from './crowd.ts';
import { Desk, failure, settle, type Asked } from './desk.ts';

/** Something that happens at the gate. */
type Move =
  | { readonly do: 'ask'; readonly session: number; readonly isBatch: boolean; readonly prefix: boolean }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'succeed'; readonly which: number }
  | { readonly do: 'release'; readonly which: number }
  | { readonly do: 'begin'; readonly which: number }
  | {
      readonly do: 'fail';
      readonly which: number;
      readonly kind: 'rate-limited' | 'connect' | 'overloaded' | 'auth';
    }
  | { readonly do: 'wait'; readonly ms: number };

const which = fc.nat(1_000);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      session: fc.nat(9),
      isBatch: fc.boolean(),
      prefix: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('cancel' as const), which }),
      fc.record({ do: fc.constant('succeed' as const), which }),
      fc.record({ do: fc.constant('release' as const), which }),
      fc.record({ do: fc.constant('begin' as const), which }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      which,
      kind: fc.constantFrom('rate-limited', 'connect', 'overloaded', 'auth'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5_000 }) }),
  },
);
const limits = fc.record(
  {
    maxInFlight: fc.integer({ min: 1, max: 5 }),
    requestsPerMinute: fc.integer({ min: 30, max: 6_000 }),
    tokensPerMinute: fc.integer({ min: 600, max: 60_000 }),
  },
  { requiredKeys: ['maxInFlight'] },
);

describe('whatever happens at the gate', () => {
  it('no more are under way than may be, and everybody who waits goes, or is told why not', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(move, { maxLength: 60 }), async (laneLimits, moves) => {
        const desk = new Desk();
        const lane = laneId(laneLimits);
        const all: Asked[] = [];
        const underWay = new Set<Asked>();
        const ended = new Set<Asked>();
        const look = (): void => {
          for (const one of all) if (one.permit && !ended.has(one)) underWay.add(one);
          expect(underWay.size).toBeLessThanOrEqual(laneLimits.maxInFlight);
          expect(desk.gate.stats()[0]?.inFlight ?? 0).toBe(underWay.size);
        };
        const pick = (from: readonly Asked[], index: number): Asked | undefined =>
          from[index % Math.max(1, from.length)];
        const end = (one: Asked | undefined, how: (one: Asked) => void): void => {
          if (!one) return;
          underWay.delete(one);
          ended.add(one);
          how(one);
        };
        for (const next of moves) {
          const going = [...underWay];
          if (next.do === 'ask') {
            all.push(
              await desk.ask({
                lane,
                sessionId: `s${next.session}`,
                priority: next.isBatch ? 'batch' : 'interactive',
                ...(next.prefix ? { prefix: 'p' } : {}),
              }),
            );
          } else if (next.do === 'wait') await desk.advance(next.ms);
          else if (next.do === 'cancel')
            pick(
              all.filter(({ permit, error }) => !permit && !error),
              next.which,
            )?.cancel();
          else if (next.do === 'begin') pick(going, next.which)?.permit?.began(null);
          else if (next.do === 'succeed')
            end(pick(going, next.which), ({ permit }) => permit?.succeeded(NO_USAGE));
          else if (next.do === 'release') end(pick(going, next.which), ({ permit }) => permit?.release());
          else end(pick(going, next.which), ({ permit }) => permit?.failed(failure(next.kind)));
          await settle();
          look();
        }
        // From now on the provider works: everybody gets there.
        for (let round = 0; round < 500 && all.some(({ permit, error }) => !permit && !error); round += 1) {
          for (const one of underWay) end(one, ({ permit }) => permit?.succeeded(NO_USAGE));
          await desk.advance(1_000);
          look();
        }
        expect(all.every(({ permit, error }) => permit !== undefined || error?.kind === 'cancelled')).toBe(
          true,
        );
        for (const one of underWay) end(one, ({ permit }) => permit?.succeeded(NO_USAGE));
        expect(desk.gate.stats()[0] ?? { inFlight: 0 }).toMatchObject({ inFlight: 0 });
      }),
      { numRuns: 150 },
    );
  });

  it('10,000 who wait are let through in turn, a session as often as any other', async () => {
    const desk = new Desk();
    const lane = laneId({ maxInFlight: 10 });
    const order: string[] = [];
    const ask = (sessionId: string): Promise<void> =>
      desk.gate
        .admit({
          lane,
          sessionId,
          priority: 'batch',
          estimatedTokens: 1,
          maxWaitMs: Infinity,
          signal: new AbortController().signal,
        })
        .then((permit) => {
          order.push(sessionId);
          permit.succeeded(NO_USAGE);
        });
    // The first session asks for as much as all the others together.
    const greedy = Array.from({ length: 5_000 }, () => ask('greedy'));
    const others = Array.from({ length: 5_000 }, (_, index) => ask(`s${index % 50}`));
    await Promise.all([...greedy, ...others]);
    const first = order.slice(10, 1_030);
    expect(first.filter((sessionId) => sessionId === 'greedy').length).toBe(20);
    expect(order.length).toBe(10_000);
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ScriptedModelScript, ScriptedStorm } from '../../src/model/scripted/script.ts';
import type { ScriptedModelServer } from '../../src/model/scripted/server.ts';
import { ask, withModel } from './scripted-client.ts';

const LONG_MS = 10 ** 8;

function stormy(spell: Partial<ScriptedStorm>, more: Partial<ScriptedModelScript> = {}): ScriptedModelScript {
  const fault = { status: 503 };
  return {
    storm: [{ fromMs: 0, toMs: LONG_MS, fault, ...spell }],
    rules: [{ answer: { text: 'calm' } }],
    ...more,
  };
}

async function statuses(server: ScriptedModelServer, prompt: string, times: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await ask(server, prompt)).status);
  return seen;
}

/** Asks until an answer comes. */
async function untilCalm(server: ScriptedModelServer, prompt = 'hi'): Promise<void> {
  while ((await ask(server, prompt)).status !== 200) await delay(20);
}

describe('a storm', () => {
  it('strikes every request while it lasts, and counts them', () =>
    withModel(stormy({}), async (server) => {
      expect(await statuses(server, 'hi', 3)).toEqual([503, 503, 503]);
      expect(server.stats).toMatchObject({ requests: 3, struck: 3, admitted: 0 });
    }));

  it('is over at its end, and has not begun before its beginning', async () => {
    await withModel(stormy({ toMs: 1000 }), async (server) => {
      await untilCalm(server);
      server.startStorm();
      expect(await statuses(server, 'hi', 1)).toEqual([503]);
    });
    await withModel(stormy({ fromMs: LONG_MS, toMs: 2 * LONG_MS }), async (server) => {
      expect(await statuses(server, 'hi', 1)).toEqual([200]);
      server.startStorm(LONG_MS - 1000);
      expect(await statuses(server, 'hi', 1)).toEqual([200]);
      server.startStorm(LONG_MS);
      expect(await statuses(server, 'hi', 1)).toEqual([503]);
    });
  });

  it('strikes a share of the requests: the same ones for the same seed, whatever else is asked', async () => {
    const script = stormy({ share: 0.5 });
    const alone = await withModel(script, (server) => statuses(server, 'hi', 40));
    const beside = await withModel(script, async (server) => {
      const seen: number[] = [];
      for (let i = 0; i < 40; i++) {
        await ask(server, 'another');
        seen.push(...(await statuses(server, 'hi', 1)));
      }
      return seen;
    });
    expect(beside).toEqual(alone);
    const struck = alone.filter((status) => status === 503).length;
    expect([struck > 5, struck < 35]).toEqual([true, true]);
    expect(await withModel(script, (server) => statuses(server, 'hi', 40), { seed: 9 })).not.toEqual(alone);
  });

  it('strikes a request once where several spells are on, each its own share of them', async () => {
    const spell = { fromMs: 0, toMs: LONG_MS, share: 0.5 };
    const storm = [
      { ...spell, fault: { status: 503 } },
      { ...spell, fault: { status: 500 } },
    ];
    const seen = await withModel(stormy({}, { storm }), (server) => statuses(server, 'hi', 40));
    const counts = [500, 503].map((wanted) => seen.filter((status) => status === wanted).length);
    expect(counts[0]! + counts[1]!).toBe(40);
    for (const count of counts) expect(count).toBeGreaterThan(5);
  });

  it('uses up no rule and no allowance when it takes the place of the answer', () =>
    withModel(
      stormy(
        { toMs: 1000 },
        { limits: { requestsPerMinute: 1 }, rules: [{ times: 1, answer: { text: 'calm' } }] },
      ),
      async (server) => {
        server.startStorm();
        expect(await statuses(server, 'hi', 2)).toEqual([503, 503]);
        await untilCalm(server, 'another');
        expect(await statuses(server, 'hi', 1)).toEqual([429]);
        expect(server.stats.admitted).toBe(1);
      },
    ));

  it('can break answers too', () =>
    withModel(stormy({ fault: { cutAtByte: 20 } }), async (server) => {
      const { status, end, body } = await ask(server, 'hi');
      expect([status, end, body.length]).toEqual([200, 'broken', 20]);
      expect(server.stats).toMatchObject({ struck: 1, admitted: 1 });
    }));
});

/**
 * What does passing the gate cost a request?
 *
 *   npm run bench -- gate-overhead        (--quick: two rounds)
 *
 * 1,000 sessions on one lane: each asks, begins and succeeds, again and again, with 64 let through at once, so that all but
 * these always wait. Beside it the same loop with nothing but the promises in it. And one session that never waits.
 */
import { Gate } from '../src/gate/gate.ts';
import type { GateRequest, LaneId } from '../src/gate/admission.ts';
import { systemClock } from '../src/clock.ts';
import { NO_USAGE } from '../src/model/model.ts';
import type { Question } from './support/question.ts';
import { median, ratios } from './support/statistics.ts';

const SESSIONS = 1_000;
const REQUESTS_EACH = 50;
const AT_ONCE = 64;

export const gateOverhead: Question = {
  name: 'gate-overhead',
  async measure({ quick, progress }) {
    const rounds = quick ? 2 : 9;
    const waiting: number[] = [];
    const bare: number[] = [];
    const alone: number[] = [];
    // Not counted: the first one runs cold.
    for (let round = 0; round <= rounds; round += 1) {
      progress(`round ${round} of ${rounds}`);
      const [a, b, c] = [
        await microseconds(SESSIONS, AT_ONCE),
        await bareMicroseconds(),
        await microseconds(1, 1),
      ];
      if (round === 0) continue;
      waiting.push(a);
      bare.push(b);
      alone.push(c);
    }
    const question = 'gate-overhead';
    return {
      rows: [
        {
          question,
          measure: `${SESSIONS} sessions that wait, a request`,
          value: median(waiting),
          unit: 'µs',
          goal: { atMost: 50 },
        },
        {
          question,
          measure: 'the same, against bare promises',
          value: median(ratios(waiting, bare)),
          unit: '',
        },
        { question, measure: 'a session that never waits, a request', value: median(alone), unit: 'µs' },
      ],
      raw: { waiting, bare, alone },
    };
  },
};

/** Of each request, all sessions together. */
async function microseconds(sessions: number, atOnce: number): Promise<number> {
  const gate = new Gate({ clock: systemClock, random: Math.random, maxRetryAfterMs: 60_000 });
  const lane: LaneId = { key: 'lane', provider: 'bench', model: 'model', limits: { maxInFlight: atOnce } };
  return timed(sessions, async (session, signal) => {
    const request: GateRequest = {
      lane,
      sessionId: `s${session}`,
      priority: 'interactive',
      estimatedTokens: 1_000,
      maxWaitMs: 600_000,
      signal,
      onWait: () => undefined,
    };
    const permit = await gate.admit(request);
    permit.began(null);
    await Promise.resolve();
    permit.succeeded(NO_USAGE);
  });
}

function bareMicroseconds(): Promise<number> {
  return timed(SESSIONS, async () => {
    await Promise.resolve();
    await Promise.resolve();
  });
}

async function timed(
  sessions: number,
  request: (session: number, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const each = sessions === 1 ? SESSIONS * REQUESTS_EACH : REQUESTS_EACH;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: sessions }, async (_, session) => {
      const { signal } = new AbortController();
      for (let count = 0; count < each; count += 1) await request(session, signal);
    }),
  );
  return ((performance.now() - begin) * 1e3) / (sessions * each);
}

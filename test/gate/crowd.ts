import { setMaxListeners } from 'node:events';
import { ModelError } from '../../src/errors.ts';
import type { GateRequest, LaneId, Permit } from '../../src/gate/admission.ts';
import { Gate } from '../../src/gate/gate.ts';
import { NO_USAGE, type ProviderLimits } from '../../src/model/model.ts';
import { World } from '../harness/sim/world.ts';
import type { Verdict } from './limiters.ts';

export function laneId(limits: ProviderLimits = {}, key = 'lane'): LaneId {
  return { key, provider: 'sim', model: 'model', limits };
}

/** The server that a crowd asks. */
export interface CrowdServer {
  /** What becomes of a request that arrives now; an error other than a 429, or null for silence until the deadline. */
  arrive(now: number): Verdict | ModelError;
  leave(): void;
}

export interface CrowdPlan {
  readonly seed: number;
  readonly sessions: number;
  readonly durationMs: number;
  readonly server: CrowdServer;
  readonly limits?: ProviderLimits;
  /** Of each request that is taken. Default 1 to 3 s. */
  readonly leastMs?: number;
  readonly mostMs?: number;
  readonly maxRetryAfterMs?: number;
}

/** What came of it. */
export interface CrowdOutcome {
  /** Requests that were answered, by session. */
  readonly served: readonly number[];
  readonly sent: readonly { readonly at: number; readonly isRejected: boolean }[];
  /** Sessions that the gate refused. */
  readonly failures: readonly string[];
  readonly gate: Gate;
}

/** Sessions that ask a server again and again through one lane, in simulated time. */
export async function playCrowd(plan: CrowdPlan): Promise<CrowdOutcome> {
  const { seed, sessions, durationMs, server, leastMs = 1_000, mostMs = 3_000 } = plan;
  const world = new World(seed);
  const { clock, prng } = world;
  const gate = new Gate({
    clock,
    random: () => prng.float(),
    maxRetryAfterMs: plan.maxRetryAfterMs ?? 60_000,
  });
  const served = Array.from({ length: sessions }, () => 0);
  const sent: { at: number; isRejected: boolean }[] = [];
  const failures: string[] = [];
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  const attempt = async (permit: Permit): Promise<boolean> => {
    await sleep(10 + 10 * prng.float());
    const verdict = server.arrive(world.now);
    const entry = { at: world.now, isRejected: false };
    sent.push(entry);
    if (verdict instanceof ModelError) {
      await sleep(20);
      const { isLanes } = permit.failed(verdict);
      if (!isLanes) await sleep(500 * prng.float());
      return false;
    }
    if (!verdict.isAccepted) {
      entry.isRejected = true;
      await sleep(20);
      const { retryAfterMs, limits } = verdict;
      permit.failed(
        new ModelError({
          kind: 'rate-limited',
          message: '429',
          retryable: true,
          retryAfterMs,
          limits: limits ?? undefined,
        }),
      );
      return false;
    }
    await sleep(200);
    permit.began(verdict.limits);
    await sleep(leastMs + (mostMs - leastMs) * prng.float() - 200);
    server.leave();
    permit.succeeded(NO_USAGE);
    return true;
  };
  const session = async (index: number): Promise<void> => {
    while (world.now < durationMs) {
      const request: GateRequest = {
        lane: laneId(plan.limits),
        sessionId: `s${index}`,
        priority: 'interactive',
        estimatedTokens: 100,
        maxWaitMs: 600_000,
        signal: stop.signal,
      };
      let permit: Permit;
      try {
        permit = await gate.admit(request);
      } catch (error) {
        if (!stop.signal.aborted) failures.push(String(error));
        return;
      }
      if (await attempt(permit)) served[index]! += 1;
    }
  };
  const all = Promise.all(Array.from({ length: sessions }, (_, index) => session(index)));
  await world.play(() => world.now >= durationMs, 10_000_000);
  stop.abort();
  let isOver = false;
  void all.then(() => (isOver = true));
  await world.play(() => isOver, 1_000_000);
  return { served, sent, failures, gate };
}

/** 1 when all have the same, 1/n when one has everything. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}

import type { Clock } from '../clock.ts';
import { seededRandom } from '../model/scripted/seeded.ts';
import { arrivalOffsets } from './arrivals.ts';
import type { BenchPlan, OpenArrival } from './plan.ts';
import { Sequence } from './sequence.ts';

export interface DispatchOptions {
  readonly plan: Pick<BenchPlan, 'arrival' | 'warmUp' | 'extent' | 'seed'>;
  readonly clock: Clock;
  /** When the arrivals begin, by the clock. Default now; the same for targets that are compared. */
  readonly startMs?: number;
  /** Begins no more. */
  readonly stop: AbortSignal;
  /**
   * Holds a conversation to its end. When one rejects, no more are begun, and so does the whole.
   * @param index  of the warm-up below 0
   * @param dueMs  by the clock: when it should have begun; never later than now
   */
  readonly hold: (index: number, dueMs: number) => Promise<void>;
}

export interface Dispatched {
  /** Conversations that were due while `maxAtOnce` others were running, and waited for one to end. */
  readonly heldBack: number;
}

/** So many that are late are begun before the event loop has its turn. */
const BEGUN_AT_ONCE = 16;

/** Begins a target's conversations as its plan says. @returns when the last one has ended */
export async function dispatch(options: DispatchOptions): Promise<Dispatched> {
  const { arrival } = options.plan;
  return arrival.kind === 'closed' ? inPlaces(options, arrival.atOnce) : onTime(options, arrival);
}

/** As many as there are places; one is due when a place becomes free. */
async function inPlaces(
  { plan, clock, startMs = clock.now(), stop, hold }: DispatchOptions,
  places: number,
): Promise<Dispatched> {
  const sequence = new Sequence(plan, startMs);
  const place = async (): Promise<void> => {
    while (!stop.aborted) {
      const dueMs = clock.now();
      const index = sequence.next(dueMs);
      if (index === undefined) return;
      await hold(index, dueMs);
    }
  };
  await Promise.all(Array.from({ length: places }, place));
  return { heldBack: 0 };
}

/** When it is their time, whether or not those before have ended: a slow answer puts off no other prompt. */
async function onTime(
  { plan, clock, startMs = clock.now(), stop, hold }: DispatchOptions,
  arrival: OpenArrival,
): Promise<Dispatched> {
  const sequence = new Sequence(plan, startMs);
  const running = new Set<Promise<void>>();
  let onRoom = (): void => undefined;
  const failed = new AbortController();
  const over = AbortSignal.any([stop, failed.signal]);
  let heldBack = 0;
  let begunAtOnce = 0;
  // Its own stream of numbers: scenarios and inputs do not depend on the arrivals.
  for (const offsetMs of arrivalOffsets(arrival, seededRandom(plan.seed))) {
    const dueMs = startMs + offsetMs;
    const index = sequence.next(dueMs);
    if (index === undefined) break;
    if (clock.now() >= dueMs && (begunAtOnce += 1) >= BEGUN_AT_ONCE) {
      await pause(clock, 0, over);
      begunAtOnce = 0;
    }
    while (clock.now() < dueMs && !over.aborted) {
      begunAtOnce = 0;
      await pause(clock, dueMs - clock.now(), over);
    }
    if (running.size >= arrival.maxAtOnce) heldBack += 1;
    while (running.size >= arrival.maxAtOnce) await new Promise<void>((resolve) => (onRoom = resolve));
    if (over.aborted) break;
    const conversation = hold(index, dueMs)
      .catch((error: unknown) => failed.abort(error))
      .then(() => {
        running.delete(conversation);
        onRoom();
      });
    running.add(conversation);
  }
  await Promise.all(running);
  failed.signal.throwIfAborted();
  return { heldBack };
}

/** Until the time has passed, or the signal is aborted. */
function pause(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const end = (): void => {
      cancel();
      stop.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    stop.addEventListener('abort', end);
  });
}

import type { GateRequest, GateWait, Permit } from '../../src/gate/admission.ts';
import { Gate } from '../../src/gate/gate.ts';
import { ModelError, type ModelErrorKind } from '../../src/errors.ts';
import type { RateLimits } from '../../src/model/model.ts';
import { ManualClock } from '../manual-clock.ts';
import { laneId } from './crowd.ts';

/** A request to the gate, and what has become of it so far. */
export interface Asked {
  permit: Permit | undefined;
  error: ModelError | undefined;
  readonly waits: GateWait[];
  readonly cancel: () => void;
}

/** A gate under a clock that is moved by hand; chance is always in the middle. */
export class Desk {
  readonly clock = new ManualClock();
  readonly gate: Gate;

  constructor(options: { maxRetryAfterMs?: number } = {}) {
    const { maxRetryAfterMs = 60_000 } = options;
    this.gate = new Gate({ clock: this.clock, random: () => 0.5, maxRetryAfterMs });
  }

  async ask(request: Partial<GateRequest> = {}): Promise<Asked> {
    const controller = new AbortController();
    const asked: Asked = { permit: undefined, error: undefined, waits: [], cancel: () => controller.abort() };
    this.gate
      .admit({
        lane: laneId(),
        sessionId: 'a',
        priority: 'interactive',
        estimatedTokens: 10,
        maxWaitMs: 600_000,
        signal: controller.signal,
        onWait: (wait) => asked.waits.push(wait),
        ...request,
      })
      .then(
        (permit) => (asked.permit = permit),
        (error: unknown) => (asked.error = error as ModelError),
      );
    await settle();
    return asked;
  }

  async askMany(count: number, request: Partial<GateRequest> = {}): Promise<Asked[]> {
    const all: Asked[] = [];
    for (let index = 0; index < count; index += 1) {
      all.push(await this.ask({ sessionId: `s${index}`, ...request }));
    }
    return all;
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }
}

export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function failure(
  kind: ModelErrorKind,
  more: { retryAfterMs?: number; limits?: RateLimits; status?: number } = {},
): ModelError {
  return new ModelError({ kind, message: `it is ${kind}`, retryable: true, ...more });
}

/** The permit that was given. */
export function given(asked: Asked): Permit {
  if (!asked.permit) throw new Error(`no permit was given: ${asked.error?.message ?? 'it waits'}`);
  return asked.permit;
}

export function passed(asked: readonly Asked[]): number {
  return asked.filter(({ permit }) => permit !== undefined).length;
}

import { ModelError } from '../errors.ts';
import type { GateRequest, LaneId, Permit } from './admission.ts';
import { OPEN_PERMIT } from './open-permit.ts';
import { Lane, type LaneOptions } from './lane.ts';
import type { LaneStats } from './lane-stats.ts';

/** Lanes of which anything is remembered while nobody uses them. */
const MAX_LANES = 1_024;

/**
 * What every request to a model passes: one lane for each key and model, which all sessions of the pool share. Time and chance
 * are passed in, so that a simulation can own them.
 */
export class Gate {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /**
   * Waits until the request may be sent.
   * @throws {ModelError} by rejection, always final: `cancelled` when the signal is aborted or the gate closed; `rate-limited` when
   *   the provider has asked for a longer pause than `maxRetryAfterMs`, at once and for everybody, or when it was waited for
   *   longer than `maxWaitMs`; the kind of the last failure when that was because the provider is down
   */
  async admit(request: GateRequest): Promise<Permit> {
    if (this.#isClosed) throw new ModelError({ kind: 'cancelled', message: 'the gate is closed' });
    if (request.lane.isReplayed) return OPEN_PERMIT;
    return this.#lane(request.lane).admit(request);
  }

  /** Oldest lane first. */
  stats(): readonly LaneStats[] {
    return [...this.#lanes.values()].map((lane) => lane.stats());
  }

  /** Ends every wait, with `cancelled`; lets nobody through any more. */
  close(): void {
    this.#isClosed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }

  #lane(id: LaneId): Lane {
    const known = this.#lanes.get(id.key);
    if (known) return known;
    if (this.#lanes.size >= MAX_LANES) this.#forget();
    const lane = new Lane(id, this.#options);
    this.#lanes.set(id.key, lane);
    return lane;
  }

  /** The oldest one that nobody uses. */
  #forget(): void {
    for (const [key, lane] of this.#lanes) {
      if (!lane.isIdle) continue;
      this.#lanes.delete(key);
      return;
    }
  }
}

import type { StepTask } from '../protocol/messages.ts';
import type { Clock } from '../clock.ts';
import type { Flight } from './shard-flight.ts';
import { ShardProcess, type ShardOptions, type ShardRun } from './shard-process.ts';
import type { ShardScopes } from './shard-scopes.ts';

export interface SeatOptions {
  readonly shard: ShardOptions;
  readonly scopes: ShardScopes;
  readonly clock: Clock;
}

const MAX_BACK_OFF_MS = 1_000;
const FIRST_BACK_OFF_MS = 50;
/** So many deaths within the window are borne without a pause. */
const FREE_DEATHS = 5;
const DEATH_WINDOW_MS = 60_000;
/** A shard may retire between its choice and its use. */
const MAX_TRIES = 3;

/** A place for one shard process: starts one when a step wants it, and another when that one is no longer usable. */
export class ShardSeat {
  readonly #options: SeatOptions;
  /** All that have not ended: the one in use and those on their way out. */
  readonly #alive = new Set<ShardProcess>();
  #current: ShardProcess | undefined;
  #starting: Promise<ShardProcess | string> | undefined;
  /** When shards died that had come to life. */
  #deaths: number[] = [];
  #failedStarts = 0;
  #closed = false;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  get shards(): readonly ShardProcess[] {
    return [...this.#alive];
  }

  /** Starts a shard before a step wants it. */
  warm(): void {
    void this.#acquire([]);
  }

  /** Runs a step in a shard that can read `scopes`. Never rejects. */
  async run(slot: number, task: StepTask, scopes: readonly string[], flight: Flight): Promise<ShardRun> {
    let why = 'it was replaced again and again';
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const shard = await flight.wait(this.#acquire(scopes));
      if (shard === undefined) return failed('cancelled', 'the step was cancelled');
      if (typeof shard === 'string') return failed('start-failed', shard);
      if (shard.usable) return shard.run(slot, task, flight);
      ({ why } = shard);
    }
    return failed('start-failed', `a new process could not be started: ${why}`);
  }

  /** Lets go of the process, when its steps are over; the next step starts another. */
  rest(): void {
    this.#current?.retire('it was idle');
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const shard of this.#alive) shard.kill('the pool was closed', false);
    await Promise.all([...this.#alive].map((shard) => shard.ended));
  }

  /** A usable shard that can read the scopes; a text says why there is none. */
  async #acquire(scopes: readonly string[]): Promise<ShardProcess | string> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const current = this.#current;
      if (current?.usable) {
        if (scopes.every((scope) => current.readable.has(scope))) return current;
        // It goes on with what it has; permissions cannot be widened.
        current.retire('a session needs modules that it may not read');
      }
      this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
      const started = await this.#starting;
      if (typeof started === 'string') return started;
    }
    return 'a new process could not be started: those before it ended at once';
  }

  async #start(): Promise<ShardProcess | string> {
    const { shard: options, scopes, clock } = this.#options;
    const delayMs = this.#backOffMs();
    if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    if (this.#closed) return 'the pool is closed';
    let shard: ShardProcess;
    try {
      shard = new ShardProcess(options, scopes.all, clock);
    } catch (error) {
      return this.#startFailed(error instanceof Error ? error.message : String(error));
    }
    this.#alive.add(shard);
    const { pid } = shard;
    void shard.ended.then(() => {
      this.#alive.delete(shard);
      const { crashed, why } = shard;
      if (crashed) this.#deaths.push(clock.now());
      if (pid !== undefined) options.onThread?.({ type: 'shard-ended', pid, why, crashed });
    });
    if (!(await shard.ready)) return this.#startFailed(shard.why);
    if (pid !== undefined) options.onThread?.({ type: 'shard-started', pid });
    this.#failedStarts = 0;
    this.#current = shard;
    return shard;
  }

  #startFailed(why: string): string {
    this.#failedStarts += 1;
    return `a new process could not be started: ${why}`;
  }

  #backOffMs(): number {
    const since = this.#options.clock.now() - DEATH_WINDOW_MS;
    this.#deaths = this.#deaths.filter((at) => at > since);
    const troubles = this.#failedStarts + Math.max(0, this.#deaths.length - FREE_DEATHS);
    return troubles === 0 ? 0 : Math.min(FIRST_BACK_OFF_MS * 2 ** (troubles - 1), MAX_BACK_OFF_MS);
  }
}

function failed(reason: 'cancelled' | 'start-failed', message: string): ShardRun {
  return { run: { ok: false, reason, message, running: [], touched: [] }, suspect: false };
}

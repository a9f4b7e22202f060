import type { StepTask } from '../protocol/messages.ts';
import type { Clock } from '../clock.ts';
import { Flight } from './shard-flight.ts';
import { ShardProbation } from './shard-probation.ts';
import type { ShardOptions, ShardProcess, ShardRun } from './shard-process.ts';
import { ShardScopes } from './shard-scopes.ts';
import { ShardSeat } from './shard-seat.ts';
import { NO_THREADS, type StepRun, type StepRunner, type ThreadHealth } from './step-runner.ts';

export interface ShardRunnerOptions extends ShardOptions {
  /** Processes that the slots are spread over. */
  readonly shards: number;
}

/** Suspects remembered; of more, the first are tried among the others again. */
const MAX_SUSPECTS = 10_000;

/**
 * Session threads in shard processes, so that what kills a process kills no more than a shard. A session whose step was
 * lost with its process runs on alone in a process until a step succeeds: see {@link ShardProbation}.
 */
export class ShardRunner implements StepRunner {
  readonly #seats: readonly ShardSeat[];
  readonly #probation: ShardProbation;
  readonly #scopes = new ShardScopes();
  /** The step in each slot. */
  readonly #flights = new Map<number, Flight>();
  readonly #suspects = new Set<string>();
  #closed = false;

  constructor(options: ShardRunnerOptions, clock: Clock) {
    const { threads } = options;
    const count = Math.min(options.shards, threads.maxThreads);
    const common = { scopes: this.#scopes, clock };
    this.#seats = Array.from({ length: count }, (_, index) => {
      const share = { minThreads: part(threads.minThreads), maxThreads: part(threads.maxThreads) };
      function part(whole: number): number {
        return Math.floor(whole / count) + (index < whole % count ? 1 : 0);
      }
      return new ShardSeat({ ...common, shard: { ...options, threads: { ...threads, ...share } } });
    });
    this.#probation = new ShardProbation({ ...common, shard: options });
    if (threads.minThreads > 0) for (const seat of this.#seats) seat.warm();
  }

  get health(): ThreadHealth {
    return this.shards.reduce(
      (sum, { health }) => ({
        running: sum.running + health.running,
        blocked: sum.blocked + health.blocked,
        stuck: sum.stuck + health.stuck,
      }),
      NO_THREADS,
    );
  }

  /** The processes that exist now. */
  get shards(): readonly ShardProcess[] {
    return [...this.#seats.flatMap((seat) => seat.shards), ...this.#probation.shards];
  }

  async run(slot: number, task: StepTask): Promise<StepRun> {
    if (this.#closed) return { ...closedLoss };
    const flight = new Flight();
    this.#flights.set(slot, flight);
    try {
      const end = await this.#runIn(slot, task, flight);
      this.#judge(task.sessionId, end);
      return end.run;
    } finally {
      this.#flights.delete(slot);
    }
  }

  stop(slot: number, graceMs: number): void {
    this.#flights.get(slot)?.stop(graceMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#seats.map((seat) => seat.close()), this.#probation.close()]);
  }

  #runIn(slot: number, task: StepTask, flight: Flight): Promise<ShardRun> {
    // A session without state is where it was before, and what its modules need is readable there.
    const scopes = task.state ? this.#scopes.of(task.state.spec.tools) : [];
    if (this.#suspects.has(task.sessionId)) return this.#probation.run(task, scopes, flight);
    const seat = this.#seats[slot % this.#seats.length];
    if (!seat) throw new RangeError(`no slot ${slot}`);
    return seat.run(Math.floor(slot / this.#seats.length), task, scopes, flight);
  }

  #judge(sessionId: string, { run, suspect }: ShardRun): void {
    if (run.ok && run.outcome.type !== 'miss') this.#suspects.delete(sessionId);
    if (!suspect) return;
    const [oldest] = this.#suspects;
    if (oldest !== undefined && this.#suspects.size >= MAX_SUSPECTS) this.#suspects.delete(oldest);
    this.#suspects.add(sessionId);
  }
}

const closedLoss: StepRun = {
  ok: false,
  reason: 'start-failed',
  message: 'the pool is closed',
  running: [],
  touched: [],
};

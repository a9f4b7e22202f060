import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { ShardRunner } from '../../../src/threads/shard-runner.ts';
import type { StepRunner } from '../../../src/threads/step-runner.ts';
import type { Prng } from '../shared/prng.ts';
import type { ChaosDriver } from './chaos-driver.ts';
import type { HistoryWriter } from './history.ts';

/** What is done to the pool from outside while a storm is on: threads ended, shards killed, prompts cancelled. */
export class Nemesis {
  count = 0;
  readonly #driver: ChaosDriver;
  readonly #runner: StepRunner;
  readonly #history: HistoryWriter;
  readonly #prng: Prng;
  readonly #heapMb: number;
  readonly #threads = new Set<Worker>();

  /** @param heapMb  of session threads: how they are told from others */
  constructor(
    parts: { driver: ChaosDriver; runner: StepRunner; history: HistoryWriter; prng: Prng },
    heapMb: number,
  ) {
    this.#driver = parts.driver;
    this.#runner = parts.runner;
    this.#history = parts.history;
    this.#prng = parts.prng;
    this.#heapMb = heapMb;
  }

  /** Strikes until `isOver`, on average once in `everyMs` of a storm. */
  async run(everyMs: number, isOver: () => boolean): Promise<void> {
    const note = (thread: Worker): void => {
      if (thread.resourceLimits?.maxOldGenerationSizeMb !== this.#heapMb) return;
      this.#threads.add(thread);
      thread.once('exit', () => this.#threads.delete(thread));
    };
    process.on('worker', note);
    try {
      while (!isOver()) {
        await sleep(this.#prng.float() * 2 * everyMs);
        if (this.#driver.mood === 'storm') this.#strike();
      }
    } finally {
      process.off('worker', note);
    }
  }

  #strike(): void {
    const struck = this.#prng.chance(0.35) ? this.#cancel() : this.#kill();
    if (struck === undefined) return;
    this.count += 1;
    this.#history.add({ type: 'fault', fault: struck });
  }

  #cancel(): string | undefined {
    const session = this.#driver.pickBusy(this.#prng);
    session?.cancel().catch(() => undefined);
    return session && 'cancel';
  }

  #kill(): string | undefined {
    if (this.#runner instanceof ShardRunner) {
      const pids = this.#runner.shards.flatMap(({ pid, usable }) => (usable && pid ? [pid] : []));
      if (pids.length === 0) return undefined;
      process.kill(this.#prng.pick(pids), 'SIGKILL');
      return 'shard killed';
    }
    const threads = [...this.#threads];
    if (threads.length === 0) return undefined;
    void this.#prng.pick(threads).terminate();
    return 'thread terminated';
  }
}

import type { StepTask } from '../protocol/messages.ts';
import type { Flight } from './shard-flight.ts';
import type { ShardProcess, ShardRun } from './shard-process.ts';
import { ShardSeat, type SeatOptions } from './shard-seat.ts';

/** Processes for suspects at once. */
const MAX_ROOMS = 4;
const IDLE_MS = 5_000;

interface Room {
  readonly seat: ShardSeat;
  stopIdleTimer: (() => void) | undefined;
}

/**
 * Runs the steps of sessions that may have killed a shard, each alone in a process: a second death has an exact culprit,
 * and costs nobody else anything. Processes are started on demand and end when nobody wants them.
 */
export class ShardProbation {
  readonly #options: SeatOptions;
  readonly #rooms: Room[] = [];
  readonly #free: Room[] = [];
  readonly #waiting: ((room: Room) => void)[] = [];

  constructor(options: SeatOptions) {
    const { shard } = options;
    this.#options = {
      ...options,
      shard: { ...shard, threads: { ...shard.threads, minThreads: 0, maxThreads: 1 } },
    };
  }

  get shards(): readonly ShardProcess[] {
    return this.#rooms.flatMap((room) => room.seat.shards);
  }

  /** Runs a step alone in a process; waits for one where all are taken. Never rejects. */
  async run(task: StepTask, scopes: readonly string[], flight: Flight): Promise<ShardRun> {
    const entering = this.#enter();
    const room = await flight.wait(entering);
    try {
      if (!room) return cancelled;
      return await room.seat.run(0, task, scopes, flight);
    } finally {
      void entering.then((entered) => this.#leave(entered));
    }
  }

  async close(): Promise<void> {
    for (const room of this.#rooms) room.stopIdleTimer?.();
    await Promise.all(this.#rooms.map((room) => room.seat.close()));
  }

  #enter(): Promise<Room> {
    const room = this.#free.pop() ?? this.#build();
    if (!room) return new Promise((resolve) => this.#waiting.push(resolve));
    room.stopIdleTimer?.();
    return Promise.resolve(room);
  }

  #build(): Room | undefined {
    if (this.#rooms.length >= MAX_ROOMS) return undefined;
    const room: Room = { seat: new ShardSeat(this.#options), stopIdleTimer: undefined };
    this.#rooms.push(room);
    return room;
  }

  #leave(room: Room): void {
    const next = this.#waiting.shift();
    if (next) return next(room);
    this.#free.push(room);
    room.stopIdleTimer = this.#options.clock.after(IDLE_MS, () => room.seat.rest(), { keepAlive: false });
  }
}

const cancelled: ShardRun = {
  run: { ok: false, reason: 'cancelled', message: 'the step was cancelled', running: [], touched: [] },
  suspect: false,
};

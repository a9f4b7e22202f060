import type { ServerResponse } from 'node:http';
import type { Frame } from './frames.ts';
import type { Timed, TimerWheel } from './timer-wheel.ts';

/** Where a player writes: a response, or one with a fault in it. */
export interface Sink {
  write(data: string): unknown;
  end(data: string): unknown;
}

/** Plays frames into a response at their times; everything that is due at once is one write. */
export function play(
  frames: readonly Frame[],
  response: ServerResponse,
  wheel: TimerWheel,
  sink: Sink,
): void {
  const last = frames.at(-1);
  if (last && last.atMs <= 0) {
    sink.end(frames.map(({ data }) => data).join(''));
    return;
  }
  const player = new Player(frames, wheel, sink);
  response.once('close', () => player.stop());
  wheel.add(player);
}

class Player implements Timed {
  dueMs: number;
  readonly #frames: readonly Frame[];
  readonly #wheel: TimerWheel;
  readonly #sink: Sink;
  readonly #startMs = performance.now();
  #next = 0;

  constructor(frames: readonly Frame[], wheel: TimerWheel, sink: Sink) {
    this.#frames = frames;
    this.#wheel = wheel;
    this.#sink = sink;
    this.dueMs = this.#startMs + frames[0]!.atMs;
  }

  run(nowMs: number): void {
    const frames = this.#frames;
    const elapsedMs = nowMs - this.#startMs;
    let data = '';
    while (this.#next < frames.length && frames[this.#next]!.atMs <= elapsedMs)
      data += frames[this.#next++]!.data;
    if (this.#next === frames.length) {
      this.#sink.end(data);
      return;
    }
    if (data !== '') this.#sink.write(data);
    this.dueMs = this.#startMs + frames[this.#next]!.atMs;
    this.#wheel.add(this);
  }

  /** The client is gone, or the end is played: nothing more is due. */
  stop(): void {
    if (this.#next < this.#frames.length) this.#wheel.remove(this);
    this.#next = this.#frames.length;
  }
}

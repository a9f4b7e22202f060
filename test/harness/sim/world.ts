import type { Clock } from '../../../src/clock.ts';
import { mixText } from '../../../src/model/scripted/seeded.ts';
import { Prng } from '../shared/prng.ts';

/** Something that will happen at a moment of virtual time. */
interface SimEvent {
  readonly at: number;
  /** Among events of one moment, the order is drawn. */
  readonly tie: number;
  readonly what: string;
  readonly happen: () => void;
  /** The life of the process that it belongs to; 0 for what outlives every process. */
  readonly life: number;
  isCancelled: boolean;
}

const KEPT_LINES = 60;
const START_EPOCH_MS = 1_700_000_000_000;

/**
 * All time and chance of one simulated run. Whatever is asynchronous in it is an event here; between two events the
 * program runs until it can go no further, so a seed gives one run and only one.
 */
export class World {
  readonly prng: Prng;
  readonly clock: Clock;
  now = 0;
  eventCount = 0;
  /** Lives of the process so far. What an earlier one still had in hand never happens. */
  life = 1;
  /** Off in the end phase, when everything must come right. */
  faults = true;
  /** What was found wrong first; the run stops there. */
  violation: string | undefined;
  /** States that were reached, and how often. */
  readonly reached = new Map<string, number>();
  readonly #heap: SimEvent[] = [];
  #timerCount = 0;
  #interruptAt = Infinity;
  #interrupt: (() => void) | undefined;
  #traceHash = 0x811c9dc5;
  readonly #lines: string[] = [];
  readonly #onLine: ((line: string) => void) | undefined;

  constructor(seed: number, onLine?: (line: string) => void) {
    this.prng = new Prng(seed);
    this.#onLine = onLine;
    this.clock = {
      now: () => this.now,
      epochMs: () => START_EPOCH_MS + Math.floor(this.now),
      after: (delayMs, callback) => (delayMs === Infinity ? () => undefined : this.#timer(delayMs, callback)),
    };
  }

  /** Of the whole trace; equal for equal runs. */
  get traceHash(): string {
    return (this.#traceHash >>> 0).toString(16).padStart(8, '0');
  }

  get lastLines(): readonly string[] {
    return this.#lines;
  }

  /** Timers of this life of the process that are still to come. */
  get timerCount(): number {
    return this.#timerCount;
  }

  /** The returned function takes the event back. It is dropped when the process dies before. */
  after(delayMs: number, what: string, happen: () => void): () => void {
    return this.#add(delayMs, what, happen, this.life);
  }

  /** As {@link after}, for what happens to the process and not in it. */
  afterInAnyLife(delayMs: number, what: string, happen: () => void): () => void {
    return this.#add(delayMs, what, happen, 0);
  }

  /** The process is gone, with all that it had in hand. */
  die(): void {
    for (const event of this.#heap) if (event.life === this.life) event.isCancelled = true;
    this.#timerCount = 0;
    this.life += 1;
  }

  trace(line: string): void {
    const whole = `${this.now.toFixed(2)} ${line}`;
    this.#traceHash = mixText(this.#traceHash, whole);
    this.#onLine?.(whole);
    if (this.#lines.push(whole) > KEPT_LINES) this.#lines.shift();
  }

  reach(state: string): void {
    this.reached.set(state, (this.reached.get(state) ?? 0) + 1);
  }

  /** Something that must always hold does not. The first one counts. */
  fail(message: string): void {
    if (this.violation !== undefined) return;
    this.violation = message;
    this.trace(`VIOLATION ${message}`);
  }

  /** Draws whether a fault happens; never in the end phase. */
  faulty(probability: number): boolean {
    return this.faults && this.prng.chance(probability);
  }

  /** Calls `interrupt` once, between two events, after so many more. */
  interruptAfter(events: number, interrupt: () => void): void {
    this.#interruptAt = this.eventCount + events;
    this.#interrupt = interrupt;
  }

  /** Plays events until `isOver`, none is left, a violation, or more than `maxEvents`. @returns whether `isOver` */
  async play(isOver: () => boolean, maxEvents: number): Promise<boolean> {
    await settle();
    for (let count = 0; this.violation === undefined && !isOver(); count += 1) {
      if (this.eventCount >= this.#interruptAt) {
        this.#interruptAt = Infinity;
        this.#interrupt?.();
      }
      const event = this.#next();
      if (!event) return false;
      if (count >= maxEvents) {
        this.fail(`nothing settles: ${maxEvents} events and no end`);
        return false;
      }
      this.now = event.at;
      this.eventCount += 1;
      if (event.what !== 'timer') this.trace(event.what);
      event.happen();
      await settle();
    }
    return isOver();
  }

  #add(delayMs: number, what: string, happen: () => void, life: number): () => void {
    const event: SimEvent = {
      at: this.now + Math.max(0, delayMs),
      tie: this.prng.float(),
      what,
      happen,
      life,
      isCancelled: false,
    };
    push(this.#heap, event);
    return () => {
      event.isCancelled = true;
    };
  }

  #timer(delayMs: number, callback: () => void): () => void {
    const { life } = this;
    let isOver = false;
    this.#timerCount += 1;
    const end = (): void => {
      if (isOver || life !== this.life) return;
      isOver = true;
      this.#timerCount -= 1;
    };
    const cancel = this.after(delayMs, 'timer', () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }

  #next(): SimEvent | undefined {
    for (let event = pop(this.#heap); event; event = pop(this.#heap)) {
      if (event.isCancelled) continue;
      return event;
    }
    return undefined;
  }
}

/** Lets the program run until it waits for an event. A turn of the event loop: only then are all its promises done. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}

function push(heap: SimEvent[], event: SimEvent): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: SimEvent[]): SimEvent | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || first === last) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
  return first;
}

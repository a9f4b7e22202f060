/**
 * A few words of shared memory that belong to one step: the thread notes which tool call it is in, the coordinator
 * reads it when the thread is late or dead, and can ask the step to stop. Shared memory rather than messages,
 * because a thread that spins or dies sends none.
 *
 * Layout, Int32: [0] stop flag; [1] picked up; [2] heartbeats; [3 + i] call i: 0 not begun, n > 0 begun with a deadline
 * of n ms, -1 ended.
 */
export class StepPage {
  static readonly #HEADER = 3;
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  static forCalls(callCount: number): StepPage {
    return new StepPage(new SharedArrayBuffer(4 * (StepPage.#HEADER + callCount)));
  }

  get callCount(): number {
    return this.#words.length - StepPage.#HEADER;
  }

  /** Thread: the step has begun. */
  pickUp(): void {
    Atomics.store(this.#words, 1, 1);
  }

  /** Coordinator: whether the thread has come round to the step. */
  get pickedUp(): boolean {
    return Atomics.load(this.#words, 1) === 1;
  }

  /** Thread: its event loop turns. */
  beat(): void {
    Atomics.add(this.#words, 2, 1);
  }

  /** Coordinator: grows while the thread's event loop turns. */
  get beats(): number {
    return Atomics.load(this.#words, 2);
  }

  /** Thread: call `index` begins; it may take `timeoutMs` (at most 2^31 - 1). */
  begin(index: number, timeoutMs: number): void {
    Atomics.store(this.#words, StepPage.#HEADER + index, Math.max(1, Math.min(timeoutMs, 0x7fff_ffff)));
  }

  /** Thread: call `index` has ended, well or badly. */
  end(index: number): void {
    Atomics.store(this.#words, StepPage.#HEADER + index, -1);
  }

  /** Coordinator: the deadline in ms of call `index` while it is running, else 0. */
  runningDeadlineMs(index: number): number {
    return Math.max(0, Atomics.load(this.#words, StepPage.#HEADER + index));
  }

  /** Coordinator: the calls that had begun, whether or not they ended. */
  touched(): number[] {
    return this.#indices((word) => word !== 0);
  }

  /** Coordinator: the calls that had begun and not ended; the suspects when the thread is dead. */
  running(): number[] {
    return this.#indices((word) => word > 0);
  }

  /** Coordinator: ask the step to stop soon. */
  stop(): void {
    Atomics.store(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }

  /**
   * Thread: calls back once when {@link stop} was called; the returned function ends the wait.
   * `Atomics.waitAsync` costs nothing until somebody asks for the signal, which most tools never do.
   */
  onStop(callback: () => void): () => void {
    let ended = false;
    const listen = (): void => {
      if (ended) return;
      if (this.stopped) return callback();
      const wait = Atomics.waitAsync(this.#words, 0, 0);
      // Another listener that ends wakes this one too: then it waits again.
      if (wait.async) void wait.value.then(listen);
      else listen();
    };
    listen();
    return () => {
      ended = true;
      Atomics.notify(this.#words, 0);
    };
  }

  #indices(matches: (word: number) => boolean): number[] {
    const indices: number[] = [];
    for (let index = 0; index < this.callCount; index += 1) {
      if (matches(Atomics.load(this.#words, StepPage.#HEADER + index))) indices.push(index);
    }
    return indices;
  }
}

/** A step on its way: what a stop does to it depends on how far it has come. */
export class Flight {
  #graceMs: number | undefined;
  #onStop: ((graceMs: number) => void) | undefined;

  stop(graceMs: number): void {
    if (this.#graceMs !== undefined) return;
    this.#graceMs = graceMs;
    this.#onStop?.(graceMs);
  }

  /** What a stop does from now on; done at once when there was one. */
  onStop(callback: (graceMs: number) => void): void {
    this.#onStop = callback;
    if (this.#graceMs !== undefined) callback(this.#graceMs);
  }

  /** What the promise gives; undefined when the step is stopped before. */
  wait<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      this.onStop(() => resolve(undefined));
      promise.then(resolve, reject);
    });
  }
}

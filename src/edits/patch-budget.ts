import { PatchError } from '../errors.ts';

/**
 * Work that one patch may take, in steps of roughly a nanosecond to ten: a character read, two lines compared. It allows
 * a patch over two thousand files of 40 kB, and ends one that would look through a 4 MB file again and again.
 */
const MAX_STEPS = 100_000_000;

/** Counts the work of one patch, so that no patch can hold a thread. */
export class PatchBudget {
  #left: number;

  constructor(steps: number = MAX_STEPS) {
    this.#left = steps;
  }

  /** @throws {PatchError} `too_much_work` */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    throw new PatchError(
      'too_much_work',
      'the patch takes too much work: it searches large files too often. Split it, and give each change more lines of context',
    );
  }
}

/**
 * Steps that one call may take, a step being about one character looked at by code of ours. Counted, not timed, so that
 * the same call does the same on every machine. The slowest steps there are (a native search through a text that
 * repeats itself) make this about two seconds on one core.
 */
const MAX_STEPS = 2 ** 28;

/** Bounds what a search may cost, whatever the file and the texts are. */
export class WorkBudget {
  #left: number;

  constructor(steps = MAX_STEPS) {
    this.#left = steps;
  }

  /** @throws {OutOfWorkError} when that is more than what is left */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfWorkError();
  }
}

/** Caught where the work was begun, and told as a refusal; never seen outside of `edits/`. */
export class OutOfWorkError extends Error {
  constructor() {
    super('the budget of work is spent');
    this.name = 'OutOfWorkError';
  }
}

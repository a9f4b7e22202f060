import { mixText, seededRandom } from '../../../src/model/scripted/seeded.ts';

/** Everything a harness chooses comes from one of these, so that its printed seed plays the same run again. */
export class Prng {
  readonly seed: number;
  readonly #next: () => number;

  /** @param seed  a whole number; its lowest 32 bits count */
  constructor(seed: number) {
    this.seed = seed;
    this.#next = seededRandom(seed);
  }

  /** From 0 up to 1. */
  float(): number {
    return this.#next();
  }

  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True so often of 1. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A copy in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j]!, copy[i]!];
    }
    return copy;
  }

  /** Another generator, the same for the same name whatever was drawn before: parts of a run do not shift each other. */
  fork(name: string): Prng {
    return new Prng(mixText(Math.imul(this.seed, 0x9e3779b1), name));
  }
}

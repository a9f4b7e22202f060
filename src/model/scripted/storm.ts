import type { ScriptedFault, ScriptedStorm } from './script.ts';
import { seededRandom } from './seeded.ts';

/** Decides which requests a storm strikes: by the seed, the conversation and how often it was asked in the storm. */
export class Storm {
  readonly #spells: readonly ScriptedStorm[];
  readonly #asked = new Map<number, number>();
  #startMs = performance.now();

  constructor(spells: readonly ScriptedStorm[]) {
    this.#spells = spells;
  }

  /** It is `atMs` after its beginning now. */
  start(atMs: number): void {
    this.#startMs = performance.now() - atMs;
    this.#asked.clear();
  }

  /** @param hashOf  of the conversation and the seed: asked for only while it storms */
  strike(hashOf: () => number): ScriptedFault | undefined {
    const atMs = performance.now() - this.#startMs;
    const spells = this.#spells.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
    if (spells.length === 0) return undefined;
    const hash = hashOf();
    const times = this.#asked.get(hash) ?? 0;
    this.#asked.set(hash, times + 1);
    // One throw of the dice for all spells: a request is struck once.
    let left = seededRandom(Math.imul(hash, 31) + times)();
    for (const { share = 1, fault } of spells) {
      if (left < share) return fault;
      left -= share;
    }
    return undefined;
  }
}

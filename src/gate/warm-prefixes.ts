/** How long a provider keeps a prefix cached after its last use; most promise five minutes, or say nothing. */
const WARM_MS = 300_000;
/** Prefixes that are remembered. */
const MAX_PREFIXES = 1_024;

interface Prefix<Waiter> {
  warmUntil: number;
  /** The request that goes ahead, while it has no answer. */
  leader: object | undefined;
  readonly held: Set<Waiter>;
}

/**
 * Requests that begin alike cost a provider's cache once, if one of them goes ahead: the others are held until its answer has
 * begun. Forgets the prefix that was used least recently, never one that somebody waits for.
 */
export class WarmPrefixes<Waiter> {
  readonly #prefixes = new Map<string, Prefix<Waiter>>();

  /** Whether a request that begins with it has to wait for another one. */
  isWarming(prefix: string, now: number): boolean {
    const known = this.#prefixes.get(prefix);
    return known !== undefined && known.leader !== undefined && now >= known.warmUntil;
  }

  hold(prefix: string, waiter: Waiter): void {
    this.#prefixes.get(prefix)?.held.add(waiter);
  }

  /** A request goes; it is the leader if the prefix is not warm. @param permit  stands for the request */
  sent(prefix: string, permit: object, now: number): void {
    const known = this.#prefixes.get(prefix) ?? { warmUntil: -Infinity, leader: undefined, held: new Set() };
    // Moved to the end: used last.
    this.#prefixes.delete(prefix);
    this.#prefixes.set(prefix, known);
    if (now < known.warmUntil) known.warmUntil = now + WARM_MS;
    else known.leader ??= permit;
    if (this.#prefixes.size > MAX_PREFIXES) this.#forget();
  }

  /** An answer has begun: the prefix is warm. @returns who was held */
  answered(prefix: string, now: number): readonly Waiter[] {
    const known = this.#prefixes.get(prefix);
    if (!known) return [];
    known.warmUntil = now + WARM_MS;
    known.leader = undefined;
    const released = [...known.held];
    known.held.clear();
    return released;
  }

  /** The request came to nothing. @returns who goes ahead now, if it went ahead */
  failed(prefix: string, permit: object): readonly Waiter[] {
    const known = this.#prefixes.get(prefix);
    if (known?.leader !== permit) return [];
    known.leader = undefined;
    return this.next(prefix);
  }

  /** Whoever was to go ahead does not. @returns who does */
  next(prefix: string): readonly Waiter[] {
    const known = this.#prefixes.get(prefix);
    if (!known || known.leader !== undefined) return [];
    for (const waiter of known.held) {
      known.held.delete(waiter);
      return [waiter];
    }
    return [];
  }

  /** It is not held any more. */
  drop(prefix: string, waiter: Waiter): void {
    this.#prefixes.get(prefix)?.held.delete(waiter);
  }

  #forget(): void {
    for (const [prefix, { leader, held }] of this.#prefixes) {
      if (leader !== undefined || held.size > 0) continue;
      this.#prefixes.delete(prefix);
      return;
    }
  }
}

import type { Clock } from '../clock.ts';

export interface PlacementOptions {
  readonly maxThreads: number;
  /** A session keeps its slot to itself until it is closed. */
  readonly dedicated: boolean;
  /** How long a step waits for its busy home before any free slot may take it. */
  readonly patienceMs: number;
  /**
   * Slots that are enough for steps which end soon: sessions share these, so that the others' threads need not learn the same code
   * once more. Default `maxThreads`.
   */
  readonly sharedThreads?: number;
}

/** A step that has lasted so long may last: it is not counted among those that end soon. */
const SOON_MS = 2;

/** A step that waits for a slot. */
interface Waiter {
  readonly sessionId: string;
  readonly order: number;
  readonly since: number;
  readonly patientUntil: number;
  grant: ((slot: number) => void) | undefined;
}

interface Slot {
  busy: boolean;
  /** When the step in progress, or the latest one, got the slot. */
  since: number;
  /** Sessions whose home this is. */
  readonly sessions: Set<string>;
}

/**
 * Which slot a step goes to: its session's home when that is free, else an empty slot. When no slot is empty it
 * waits for its home for a while, because moving a session costs more than a short wait, and then takes any. As long as
 * enough slots are busy with steps that end soon, no session leaves its home, and none is given one that others have.
 * Knows slots, not threads.
 */
export class Placement {
  readonly #options: PlacementOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[];
  readonly #sharedThreads: number;
  readonly #homes = new Map<string, number>();
  /** In order of arrival; granted ones are taken out when they are met. */
  readonly #waiting = new Set<Waiter>();
  /** Those of them that wait for their home, in the same order; the others are taken out when they are met. */
  readonly #patient = new Set<Waiter>();
  #order = 0;
  #stopTimer: (() => void) | undefined;

  constructor(options: PlacementOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#sharedThreads = options.sharedThreads ?? options.maxThreads;
    this.#slots = Array.from({ length: options.maxThreads }, () => ({
      busy: false,
      since: -Infinity,
      sessions: new Set(),
    }));
  }

  /** A session keeps its slot to itself. */
  get isDedicated(): boolean {
    return this.#options.dedicated;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** How long the step that came first has waited; 0 when none waits. */
  get longestWaitMs(): number {
    const [first] = this.#waiting;
    return first ? this.#clock.now() - first.since : 0;
  }

  /** The slot where the session ran last, if it is still its home. */
  homeOf(sessionId: string): number | undefined {
    return this.#homes.get(sessionId);
  }

  /** Takes a slot for the session and makes it its home; release it after use. `undefined` when `signal` aborts first. */
  async take(sessionId: string, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined;
    const slot = this.#choose(sessionId);
    if (slot !== undefined) {
      this.#occupy(slot, sessionId);
      return slot;
    }
    return new Promise((resolve) => {
      const since = this.#clock.now();
      const waiter: Waiter = {
        sessionId,
        since,
        order: (this.#order += 1),
        patientUntil: since + (this.#homes.has(sessionId) ? this.#options.patienceMs : 0),
        grant: undefined,
      };
      const giveUp = (): void => {
        this.#waiting.delete(waiter);
        this.#disarmTimer();
        resolve(undefined);
      };
      waiter.grant = (granted) => {
        signal.removeEventListener('abort', giveUp);
        resolve(granted);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiter);
      if (waiter.patientUntil > since) this.#patient.add(waiter);
      this.#armTimer();
    });
  }

  release(slot: number): void {
    this.#slot(slot).busy = false;
    this.#serve(slot);
  }

  /** The session is closed: nobody waits for its home any more. */
  forget(sessionId: string): void {
    const home = this.#homes.get(sessionId);
    if (home === undefined) return;
    this.#homes.delete(sessionId);
    const slot = this.#slot(home);
    slot.sessions.delete(sessionId);
    if (!slot.busy) this.#serve(home);
  }

  #choose(sessionId: string): number | undefined {
    const home = this.#homes.get(sessionId);
    if (home !== undefined && !this.#slot(home).busy) return home;
    const empty = this.#slots.findIndex((slot) => !slot.busy && slot.sessions.size === 0);
    if (home === undefined && empty >= 0) return empty;
    if (this.#options.dedicated || !this.#mayTakeAny(this.#clock.now())) return undefined;
    if (empty >= 0) return empty;
    return home === undefined ? this.#leastShared() : undefined;
  }

  /** Among those that are for sharing, as long as one of them is free. */
  #leastShared(): number | undefined {
    let best: number | undefined;
    for (const [index, slot] of this.#slots.entries()) {
      if (index >= this.#sharedThreads && best !== undefined) return best;
      if (slot.busy) continue;
      if (best === undefined || slot.sessions.size < this.#slot(best).sessions.size) best = index;
    }
    return best;
  }

  /** A step may take a slot that is not its home: fewer than enough are busy with steps that end soon. */
  #mayTakeAny(now: number): boolean {
    let count = 0;
    for (const { busy, since } of this.#slots) if (busy && now - since < SOON_MS) count += 1;
    return count < this.#sharedThreads;
  }

  /** Gives a free slot to the first step in order of arrival that may have it. */
  #serve(index: number): void {
    const now = this.#clock.now();
    const slot = this.#slot(index);
    const mayTakeAny = this.#mayTakeAny(now);
    for (const waiter of this.#waiting) {
      if (slot.busy) break;
      const home = this.#homes.get(waiter.sessionId);
      const mayTake =
        home === index ||
        (this.#options.dedicated
          ? home === undefined && slot.sessions.size === 0
          : mayTakeAny && (waiter.patientUntil <= now || home === undefined));
      if (!mayTake) continue;
      this.#waiting.delete(waiter);
      this.#occupy(index, waiter.sessionId);
      waiter.grant?.(index);
    }
    this.#disarmTimer();
  }

  /** Without waiters nothing may keep the process alive. */
  #disarmTimer(): void {
    if (this.#waiting.size > 0) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** Wakes when the next waiter loses its patience or a step turns out to last, to offer the slots that are free. */
  #armTimer(): void {
    if (this.#stopTimer || this.#options.dedicated) return;
    const now = this.#clock.now();
    const earliest = Math.min(this.#nextPatience(now), this.#nextLasting(now));
    if (this.#waiting.size === 0 || earliest === Infinity) return;
    this.#stopTimer = this.#clock.after(Math.max(1, earliest - now), () => {
      this.#stopTimer = undefined;
      for (const [index, slot] of this.#slots.entries()) {
        if (!slot.busy) this.#serve(index);
      }
      this.#armTimer();
    });
  }

  /** When the next waiter loses its patience: all have the same, so that it is the first that came. */
  #nextPatience(now: number): number {
    for (const waiter of this.#patient) {
      if (this.#waiting.has(waiter) && waiter.patientUntil > now) return waiter.patientUntil;
      this.#patient.delete(waiter);
    }
    return Infinity;
  }

  /** When the next step turns out to last, if it does. */
  #nextLasting(now: number): number {
    let next = Infinity;
    for (const { busy, since } of this.#slots) {
      if (busy && since + SOON_MS > now) next = Math.min(next, since + SOON_MS);
    }
    return next;
  }

  #occupy(index: number, sessionId: string): void {
    const home = this.#homes.get(sessionId);
    if (home !== undefined && home !== index) this.#slot(home).sessions.delete(sessionId);
    this.#homes.set(sessionId, index);
    const slot = this.#slot(index);
    slot.sessions.add(sessionId);
    slot.busy = true;
    slot.since = this.#clock.now();
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (!slot) throw new RangeError(`no slot ${index}`);
    return slot;
  }
}

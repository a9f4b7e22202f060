import type { Clock } from '../clock.ts';

export interface ParkingLimits {
  /** A session that has had nothing to do for so long is parked. */
  readonly parkAfterMs: number;
  /** Most idle sessions that are kept in memory. */
  readonly maxIdleSessions: number;
  /** Most bytes that they may take. */
  readonly maxIdleBytes: number;
}

interface Resting {
  readonly byteLength: number;
  /** `clock.now()` when it was last used. */
  readonly since: number;
}

/** Says which idle sessions are to be parked: those used least recently, by time, by count and by bytes. */
export class Parking {
  readonly #limits: ParkingLimits;
  readonly #clock: Clock;
  readonly #park: (sessionId: string) => void;
  /** In order of last use. */
  readonly #resting = new Map<string, Resting>();
  #byteLength = 0;
  #stopTimer: (() => void) | undefined;

  /** @param park  drops the session from memory; it is forgotten here already */
  constructor(limits: ParkingLimits, clock: Clock, park: (sessionId: string) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#park = park;
  }

  /** Idle sessions in memory. */
  get count(): number {
    return this.#resting.size;
  }

  /** Bytes that they take, roughly. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The session was used and has nothing to do now. */
  rest(sessionId: string, byteLength: number): void {
    this.wake(sessionId);
    this.#resting.set(sessionId, { byteLength, since: this.#clock.now() });
    this.#byteLength += byteLength;
    // Never the one that was just used: whoever asked for it is about to give it work.
    while (this.#resting.size > 1 && this.#isTooMuch()) this.#parkOldest();
    this.#armTimer();
  }

  /** The session has work, or is gone. */
  wake(sessionId: string): void {
    const resting = this.#resting.get(sessionId);
    if (!resting) return;
    this.#resting.delete(sessionId);
    this.#byteLength -= resting.byteLength;
  }

  close(): void {
    this.#stopTimer?.();
    this.#resting.clear();
    this.#byteLength = 0;
  }

  #isTooMuch(): boolean {
    const { maxIdleSessions, maxIdleBytes } = this.#limits;
    return this.#resting.size > maxIdleSessions || this.#byteLength > maxIdleBytes;
  }

  #parkOldest(): void {
    const [sessionId] = this.#resting.keys();
    if (sessionId === undefined) return;
    this.wake(sessionId);
    this.#park(sessionId);
  }

  #armTimer(): void {
    const [oldest] = this.#resting.values();
    if (!oldest || this.#stopTimer || this.#limits.parkAfterMs === Infinity) return;
    const delayMs = Math.max(1, oldest.since + this.#limits.parkAfterMs - this.#clock.now());
    this.#stopTimer = this.#clock.after(delayMs, () => this.#onTimer(), { keepAlive: false });
  }

  #onTimer(): void {
    this.#stopTimer = undefined;
    const dueSince = this.#clock.now() - this.#limits.parkAfterMs;
    for (;;) {
      const [oldest] = this.#resting.values();
      if (!oldest || oldest.since > dueSince) break;
      this.#parkOldest();
    }
    this.#armTimer();
  }
}

import type { Clock } from '../clock.ts';
import { RestTimer } from './rest-timer.ts';

export interface ParkingLimits {
  /** A session that has had nothing to do for so long is parked. */
  readonly parkAfterMs: number;
  /** Most idle sessions that are kept in memory. */
  readonly maxIdleSessions: number;
  /** Most bytes that they may take. */
  readonly maxIdleBytes: number;
}

/** Says which idle sessions are to be parked: those used least recently, by time, by count and by bytes. */
export class Parking {
  readonly #limits: ParkingLimits;
  readonly #park: (sessionId: string) => void;
  /** What each takes in memory, in bytes; in order of last use. */
  readonly #resting = new Map<string, number>();
  readonly #timer: RestTimer;
  #byteLength = 0;

  /** @param park  drops the session from memory; it is forgotten here already */
  constructor(limits: ParkingLimits, clock: Clock, park: (sessionId: string) => void) {
    this.#limits = limits;
    this.#park = park;
    this.#timer = new RestTimer(limits.parkAfterMs, clock, (sessionId) => this.#parkNow(sessionId));
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
    this.#resting.set(sessionId, byteLength);
    this.#timer.rest(sessionId);
    this.#byteLength += byteLength;
    // Never the one that was just used: whoever asked for it is about to give it work.
    while (this.#resting.size > 1 && this.#isTooMuch()) this.#parkOldest();
  }

  /** The session has work, or is gone. */
  wake(sessionId: string): void {
    const byteLength = this.#resting.get(sessionId);
    if (byteLength === undefined) return;
    this.#resting.delete(sessionId);
    this.#timer.wake(sessionId);
    this.#byteLength -= byteLength;
  }

  close(): void {
    this.#timer.close();
    this.#resting.clear();
    this.#byteLength = 0;
  }

  #isTooMuch(): boolean {
    const { maxIdleSessions, maxIdleBytes } = this.#limits;
    return this.#resting.size > maxIdleSessions || this.#byteLength > maxIdleBytes;
  }

  #parkOldest(): void {
    const [sessionId] = this.#resting.keys();
    if (sessionId !== undefined) this.#parkNow(sessionId);
  }

  #parkNow(sessionId: string): void {
    this.wake(sessionId);
    this.#park(sessionId);
  }
}

import type { ResidencyLimits } from '../protocol/messages.ts';
import type { Resident } from './resident.ts';

/** The sessions resident in one thread; the least recently used ones are dropped by count and by bytes. */
export class Residents {
  readonly #limits: ResidencyLimits;
  // A Map iterates in insertion order; re-inserting on use makes it the order of last use.
  readonly #bySession = new Map<string, Resident>();

  constructor(limits: ResidencyLimits) {
    this.#limits = limits;
  }

  get(sessionId: string): Resident | undefined {
    const resident = this.#bySession.get(sessionId);
    if (resident) {
      this.#bySession.delete(sessionId);
      this.#bySession.set(sessionId, resident);
    }
    return resident;
  }

  keep(resident: Resident): void {
    this.#bySession.delete(resident.spec.sessionId);
    this.#bySession.set(resident.spec.sessionId, resident);
  }

  drop(sessionId: string): void {
    this.#bySession.delete(sessionId);
  }

  /** Drops what is over the limits, but never the session that was used last. */
  trim(): void {
    let bytes = 0;
    for (const resident of this.#bySession.values()) bytes += resident.workspace.byteLength;
    for (const [sessionId, resident] of this.#bySession) {
      if (this.#bySession.size <= 1) return;
      if (this.#bySession.size <= this.#limits.maxSessions && bytes <= this.#limits.maxBytes) return;
      this.#bySession.delete(sessionId);
      bytes -= resident.workspace.byteLength;
    }
  }
}

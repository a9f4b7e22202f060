import type { ResidencyLimits } from '../protocol/messages.ts';
import type { Resident } from './resident.ts';

/** The sessions resident in one thread; the least recently used ones are dropped by count and by bytes. */
export class Residents {
  readonly #limits: ResidencyLimits;
  // A Map iterates in insertion order; re-inserting on use makes it the order of last use.
  readonly #bySession = new Map<string, { readonly resident: Resident; readonly byteLength: number }>();
  #byteLength = 0;

  constructor(limits: ResidencyLimits) {
    this.#limits = limits;
  }

  /** Takes the session out: while it runs its volume is nobody's, and after a throw it must not be found again. */
  take(sessionId: string): Resident | undefined {
    const entry = this.#bySession.get(sessionId);
    if (!entry) return undefined;
    this.#bySession.delete(sessionId);
    this.#byteLength -= entry.byteLength;
    return entry.resident;
  }

  /** Puts a session (back) in, as the one used last, and drops others until the limits are kept. */
  keep(resident: Resident): void {
    this.take(resident.spec.sessionId);
    const { byteLength } = resident.workspace;
    this.#bySession.set(resident.spec.sessionId, { resident, byteLength });
    this.#byteLength += byteLength;
    for (const sessionId of this.#bySession.keys()) {
      const { maxSessions, maxBytes } = this.#limits;
      const kept = this.#bySession.size <= maxSessions && this.#byteLength <= maxBytes;
      if (kept || this.#bySession.size === 1) return;
      this.take(sessionId);
    }
  }
}

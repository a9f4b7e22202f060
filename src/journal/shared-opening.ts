import type { Opening } from '../protocol/messages.ts';

/** Different openings that are in use at a time are few: one for each kind of session. */
const MAX_KNOWN = 32;

/** In order of last use. */
const known = new Map<string, Opening>();
/** Most openings are like the one before, and comparing them costs less than hashing. */
let latest: Opening | undefined;

/**
 * The same opening, once for all sessions that begin alike: each thread answers with a copy of its own, several kB of tool
 * definitions, and every journal would keep one.
 */
export function sharedOpening(opening: Opening): Opening {
  const { system, tools } = opening;
  if (latest?.tools === tools && latest.system === system) return latest;
  // JSON has no NUL in it.
  const key = `${tools}\0${system === null ? 0 : 1}${system ?? ''}`;
  const shared = known.get(key) ?? opening;
  known.delete(key);
  known.set(key, shared);
  if (known.size > MAX_KNOWN) {
    const [oldest] = known.keys();
    if (oldest !== undefined) known.delete(oldest);
  }
  latest = shared;
  return shared;
}

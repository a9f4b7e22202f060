import type { Permit } from './admission.ts';

/**
 * Leave to ask a recording: nobody's limits are in the way, and there is nothing to learn. A rejection uses up no attempt, as when it was
 * recorded; the next one is in the recording.
 */
export const OPEN_PERMIT: Permit = {
  waitedMs: 0,
  began: () => undefined,
  succeeded: () => undefined,
  failed: ({ kind }) => ({ isLanes: kind === 'rate-limited', pausedForMs: 0 }),
  release: () => undefined,
};

import type { ModelError } from '../errors.ts';
import type { GateRequest, Permit, WaitReason } from './admission.ts';
import type { Queued } from './fair-queue.ts';

/** A request that has asked for leave and has none yet. */
export interface Waiter extends Queued {
  readonly request: GateRequest;
  readonly arrivedAt: number;
  /** Set aside until the prefix is warm. */
  isHeld: boolean;
  /** It has been told that it waits, and for what. */
  told: WaitReason | undefined;
  readonly resolve: (permit: Permit) => void;
  readonly reject: (error: ModelError) => void;
  /** Stops its timer and its watch on the signal. */
  stop: () => void;
}

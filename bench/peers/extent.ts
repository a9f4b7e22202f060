import { CRASH_WAYS, type CrashWay } from '../support/crash.ts';

/** How much is measured. */
export interface Extent {
  /** Of everything but crashes and memory. */
  readonly rounds: number;
  /** Conversations at once, and how many one after another in each of these places. */
  readonly atOnce: readonly { readonly count: number; readonly each: number }[];
  readonly paced: number;
  readonly memoryRounds: number;
  readonly idleSessions: number;
  /** Beside the one that burns CPU. */
  readonly besideBurn: number;
  /** Beside the one that crashes. */
  readonly besideCrash: number;
  readonly crashes: readonly CrashWay[];
}

export const WHOLE: Extent = {
  rounds: 3,
  atOnce: [
    { count: 1, each: 100 },
    { count: 32, each: 8 },
    { count: 256, each: 1 },
  ],
  paced: 256,
  memoryRounds: 2,
  idleSessions: 400,
  besideBurn: 32,
  besideCrash: 31,
  crashes: CRASH_WAYS,
};

/** To see that every contestant still does its work; not to quote. */
export const QUICK: Extent = {
  rounds: 1,
  atOnce: [{ count: 2, each: 1 }],
  paced: 2,
  memoryRounds: 1,
  idleSessions: 2,
  besideBurn: 2,
  besideCrash: 2,
  crashes: ['throws', 'exit'],
};

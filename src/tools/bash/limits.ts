import type { WorkspaceQuota } from '../../workspace/workspace.ts';

/** After so long a command is ended; looked at between commands and in their loops. */
export const TIME_LIMIT_MS = 10_000;
/**
 * Deadline of the whole call. Only a command that computes without looking at the clock gets here: the watchdog ends its
 * thread.
 */
export const CALL_TIMEOUT_MS = 15_000;

/** What `/tmp` holds during one call. */
export const SCRATCH_QUOTA: WorkspaceQuota = {
  maxFileBytes: 4 * 1024 * 1024,
  maxTotalBytes: 32 * 1024 * 1024,
  maxFiles: 2_000,
};

const MB = 1024 * 1024;

/**
 * Limits of just-bash, by its names; whatever it has besides is at its `hardened` profile. Work and traversal allow for one
 * pass over an image of 50,000 files, bytes for what a thread's heap takes.
 */
export const EXECUTION_LIMITS = {
  maxSourceBytes: 256 * 1024,
  maxHeredocSize: 256 * 1024,
  maxCommandCount: 50_000,
  maxLoopIterations: 50_000,
  maxAwkIterations: 100_000,
  maxSedIterations: 10_000,
  maxJqIterations: 100_000,
  maxCallDepth: 100,
  maxExecDepth: 20,
  maxSourceDepth: 20,
  maxSubstitutionDepth: 20,
  maxFileDescriptors: 64,
  maxBraceExpansionResults: 10_000,
  maxArrayElements: 500_000,
  maxStringLength: 8 * MB,
  maxOutputSize: 16 * MB,
  maxInputBytes: 256 * MB,
  maxLiveBytes: 32 * MB,
  maxWorkUnits: 1_000_000,
  maxGlobOperations: 200_000,
  maxTraversalEntries: 200_000,
  maxTraversalWork: 1_000_000,
  maxTraversalDepth: 64,
} as const;

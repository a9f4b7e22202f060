/**
 * - `done` — every session ended by itself
 * - `unfinished` — some did not, or their results could not be written
 * - `usage` — the command, a file it names, or its configuration is wrong; nothing was run
 * - `budget` — a budget was reached before everything was done; what was done until then is written
 * - `interrupted` — Ctrl-C; what was done until then is written
 */
export const EXIT = {
  done: 0,
  unfinished: 1,
  usage: 2,
  budget: 4,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One crash of `crashing`, in a process that may die of it. Run by it: npm run bench:peers */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { taskOfThisChild } from '../support/child.ts';
import { openContestant, type ContestantName } from '../support/contestants.ts';
import type { CrashWay } from '../support/crash.ts';
import { checkOutcome, converse, makeFiles } from '../support/workload.ts';

export interface CrashTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  readonly way: CrashWay;
  /** Conversations beside the one that crashes. */
  readonly count: number;
  readonly tools: readonly string[];
}

/**
 * - `survived`: one of the others has done all of its work
 * - `failed`: one of them has not; with the reason
 * - `crasher`: how the conversation that crashed ended
 * - `ended`: the process has held out to its end
 */
export interface CrashLine {
  readonly type: 'survived' | 'failed' | 'crasher' | 'ended';
  readonly text?: string;
}

/** The others are in the middle of it. */
const CRASH_AFTER_MS = 1_000;
/** For what crashes late, and for how the crashed one ends. */
const LINGER_MS = 1_000;

const task = taskOfThisChild<CrashTask>();
const contestant = await openContestant(task.contestant, task.baseURL, task.tools);
const files = makeFiles();

const others = Array.from({ length: task.count }, other);
await sleep(CRASH_AFTER_MS);
const crashed = crashOne();
await Promise.all(others);
await Promise.race([crashed, sleep(LINGER_MS)]);
say({ type: 'ended' });
process.exit();

async function other(): Promise<void> {
  try {
    checkOutcome(await converse(contestant, { model: 'paced', files, onText: () => undefined }), files);
    say({ type: 'survived' });
  } catch (error) {
    say({ type: 'failed', text: String(error) });
  }
}

async function crashOne(): Promise<void> {
  try {
    const { reply } = await converse(contestant, {
      model: `crash-${task.way}`,
      files,
      extraTool: 'crash',
    });
    say({ type: 'crasher', text: reply });
  } catch (error) {
    say({ type: 'crasher', text: String(error) });
  }
}

/** At once: there may be no later. */
function say(line: CrashLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

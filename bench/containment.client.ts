/** One measurement of `containment`, in a process of its own. Run by it: npm run bench -- containment */
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { openContestant, type ContestantName } from './support/contestants.ts';
import { TokenClock, type TokenDelays } from './support/token-clock.ts';
import { median } from './support/statistics.ts';
import { checkOutcome, converse, makeFiles } from './support/workload.ts';

export interface ContainmentTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  /** Conversations beside the one that burns. */
  readonly count: number;
  /** Names of skein's tools that are offered; default all of the coding agent's. */
  readonly tools?: readonly string[];
}

export interface Containment {
  readonly calm: TokenDelays;
  readonly burning: TokenDelays;
  /** Conversations that took more than 1.1 times what they take without the burn. */
  readonly slowed: number;
  readonly calmWallMs: number;
  readonly burningWallMs: number;
}

/** The burn begins when the others are in the middle of it. */
const BURN_AFTER_MS = 1_000;

const task = taskOfThisChild<ContainmentTask>();
const contestant = await openContestant(task.contestant, task.baseURL, task.tools);
const files = makeFiles();

async function timeOne(clock: TokenClock, model: string): Promise<number> {
  const begin = performance.now();
  checkOutcome(await converse(contestant, { model, files, onText: clock.listener() }), files);
  return performance.now() - begin;
}

async function converseAtOnce(
  model: string,
  neighbour?: () => Promise<void>,
): Promise<{ delays: TokenDelays; wallsMs: number[] }> {
  const clock = new TokenClock();
  const conversations = Array.from({ length: task.count }, () => timeOne(clock, model));
  const [wallsMs] = await Promise.all([Promise.all(conversations), neighbour?.()]);
  return { delays: clock.summary(), wallsMs };
}

async function burnBeside(): Promise<void> {
  await sleep(BURN_AFTER_MS);
  const outcome = await converse(contestant, { model: 'burn', files, extraTool: 'burn' });
  if (outcome.reply !== 'Burnt.') throw new Error(`the neighbour did not burn: ${outcome.reply}`);
}

await Promise.all(Array.from({ length: task.count }, () => converse(contestant, { model: 'fast', files })));
const calm = await converseAtOnce('paced');
const burning = await converseAtOnce('paced', burnBeside);
await contestant.close();
const calmWallMs = median(calm.wallsMs);
const result: Containment = {
  calm: calm.delays,
  burning: burning.delays,
  slowed: burning.wallsMs.filter((wallMs) => wallMs > 1.1 * calmWallMs).length,
  calmWallMs,
  burningWallMs: median(burning.wallsMs),
};
answerParent(result);

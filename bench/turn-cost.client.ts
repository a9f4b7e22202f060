/** One measurement of `turn-cost`, in a process of its own. Run by it: npm run bench -- turn-cost */
import { answerParent, taskOfThisChild } from './support/child.ts';
import { openContestant, type ContestantName } from './support/contestants.ts';
import { TokenClock, type TokenDelays } from './support/token-clock.ts';
import { checkOutcome, converse, makeFiles } from './support/workload.ts';

export interface TurnCostTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  readonly model: 'fast' | 'paced';
  /** Conversations at once. */
  readonly count: number;
  /** How many are held one after another in each of these places; default 1. */
  readonly each?: number;
  readonly withText: boolean;
  /** Names of skein's tools that are offered; default all of the coding agent's. */
  readonly tools?: readonly string[];
}

export interface TurnCost {
  readonly wallMs: number;
  /** User and system time of all threads of this process. */
  readonly cpuMs: number;
  readonly maxRssMb: number;
  readonly tokens?: TokenDelays;
}

const WARM_UP_COUNT = 64;

const task = taskOfThisChild<TurnCostTask>();
const contestant = await openContestant(task.contestant, task.baseURL, task.tools);
const files = makeFiles();

async function converseAtOnce(count: number, each: number, model: string, clock?: TokenClock): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let turn = 0; turn < each; turn += 1) {
        const onText = clock?.listener() ?? (task.withText ? () => undefined : undefined);
        checkOutcome(await converse(contestant, { model, files, onText }), files);
      }
    }),
  );
}

await converseAtOnce(WARM_UP_COUNT, 1, 'fast');
const clock = task.model === 'paced' ? new TokenClock() : undefined;
const cpu = process.cpuUsage();
const begin = performance.now();
await converseAtOnce(task.count, task.each ?? 1, task.model, clock);
const wallMs = performance.now() - begin;
const { user, system } = process.cpuUsage(cpu);
await contestant.close();
const result: TurnCost = {
  wallMs,
  cpuMs: (user + system) / 1e3,
  maxRssMb: process.resourceUsage().maxRSS / 1024,
  ...(clock ? { tokens: clock.summary() } : {}),
};
answerParent(result);

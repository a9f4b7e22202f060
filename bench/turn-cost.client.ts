/** One measurement of `turn-cost`, in a process of its own. Run by it: npm run bench -- turn-cost */
import { answerParent, taskOfThisChild } from './support/child.ts';
import { openContestant, type ContestantName } from './support/contestants.ts';
import { TokenClock, type TokenDelays } from './support/token-clock.ts';
import { checkOutcome, makeFiles } from './support/workload.ts';

export interface TurnCostTask {
  readonly contestant: ContestantName;
  readonly baseURL: string;
  readonly model: 'fast' | 'paced';
  /** Conversations at once. */
  readonly count: number;
  readonly withText: boolean;
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
const contestant = await openContestant(task.contestant, task.baseURL);
const files = makeFiles();

async function converseAtOnce(count: number, model: string, clock?: TokenClock): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async () => {
      const onText = clock?.listener() ?? (task.withText ? () => undefined : undefined);
      checkOutcome(await contestant.converse({ model, files, onText }), files);
    }),
  );
}

await converseAtOnce(WARM_UP_COUNT, 'fast');
const clock = task.model === 'paced' ? new TokenClock() : undefined;
const cpu = process.cpuUsage();
const begin = performance.now();
await converseAtOnce(task.count, task.model, clock);
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

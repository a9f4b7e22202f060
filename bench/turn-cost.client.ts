/** One measurement of `turn-cost`, in a process of its own. Run by it: npm run bench -- turn-cost */
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
  /** Conversations before, at most {@link MAX_AT_ONCE} at once; default 64. */
  readonly warmUpCount?: number;
  readonly withText: boolean;
  /** Names of skein's tools that are offered; default all of the coding agent's. */
  readonly tools?: readonly string[];
}

export interface TurnCost {
  readonly wallMs: number;
  /** User and system time of all threads of this process. */
  readonly cpuMs: number;
  readonly maxRssMb: number;
  /** How late the main thread's event loop came round, 99th percentile, ms. */
  readonly loopDelayP99Ms: number;
  readonly tokens?: TokenDelays;
}

const WARM_UP_COUNT = 64;
const MAX_AT_ONCE = 256;
/** How often the event loop is looked at. */
const RESOLUTION_MS = 1;

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

for (let left = task.warmUpCount ?? WARM_UP_COUNT; left > 0; left -= MAX_AT_ONCE) {
  await converseAtOnce(Math.min(left, MAX_AT_ONCE), 1, 'fast');
}
const clock = task.model === 'paced' ? new TokenClock() : undefined;
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();
const cpu = process.cpuUsage();
const begin = performance.now();
await converseAtOnce(task.count, task.each ?? 1, task.model, clock);
const wallMs = performance.now() - begin;
const { user, system } = process.cpuUsage(cpu);
loop.disable();
await contestant.close();
const result: TurnCost = {
  wallMs,
  cpuMs: (user + system) / 1e3,
  maxRssMb: process.resourceUsage().maxRSS / 1024,
  // It counts from one look to the next.
  loopDelayP99Ms: Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION_MS),
  ...(clock ? { tokens: clock.summary() } : {}),
};
answerParent(result);

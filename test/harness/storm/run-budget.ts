import type { Usage } from '../../../src/model/model.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { BudgetOptions } from '../../../src/protocol/budget.ts';
import { atMost, none, type Figure } from '../shared/figures.ts';
import { startModel } from './model-process.ts';

/** Of every request. */
const USAGE = { input: 1_000, output: 100 };
const TOKENS = USAGE.input + USAGE.output;
const PRICES = { input: 2, output: 8 };
const USD = (USAGE.input * PRICES.input + USAGE.output * PRICES.output) / 1e6;
/** Neither is a whole number of requests. */
const OWN_TOKENS = 4.5 * TOKENS;
const SHARED_REQUESTS_EACH = 6.5;

/** Sessions that spend as fast as they can: until each has spent its own budget, and then one that all share. */
export async function runBudget(sessions: number, harnessUrl: string): Promise<Figure[]> {
  return [...(await ownBudgets(sessions, harnessUrl)), ...(await sharedBudget(sessions, harnessUrl))];
}

async function ownBudgets(count: number, harnessUrl: string): Promise<Figure[]> {
  const { spent, wrong, tokensOff } = await spend(count, harnessUrl, {
    own: { tokens: OWN_TOKENS, onReached: 'end' },
  });
  const overspent = spent.map((usage) => (usage.totalTokens - OWN_TOKENS) / TOKENS);
  return [
    atMost('budget of each: worst overspent by, in requests', 1, Math.max(...overspent)),
    none('budget of each: prompts that ended otherwise', wrong),
    none('budget of each: tokens that were counted wrong', tokensOff),
  ];
}

async function sharedBudget(count: number, harnessUrl: string): Promise<Figure[]> {
  const usd = count * SHARED_REQUESTS_EACH * USD;
  const { inAll, wrong, tokensOff } = await spend(count, harnessUrl, { shared: { usd, onReached: 'end' } });
  const overspentUsd = (inAll.cost.usd ?? Number.NaN) - usd;
  return [
    atMost('budget of all: overspent by, in requests a session', 1, overspentUsd / USD / count),
    none('budget of all: prompts that ended otherwise', wrong),
    none('budget of all: tokens that were counted wrong', tokensOff),
  ];
}

interface Spent {
  /** Each session's. */
  readonly spent: readonly Usage[];
  readonly inAll: Usage;
  readonly wrong: number;
  /** Between what the pool has counted and what the server has. */
  readonly tokensOff: number;
}

async function spend(
  count: number,
  harnessUrl: string,
  { own, shared }: { readonly own?: BudgetOptions; readonly shared?: BudgetOptions },
): Promise<Spent> {
  const model = await startModel(harnessUrl, {
    prices: PRICES,
    delay: { firstMs: 30, jitter: 0.9 },
    rules: [
      {
        match: { turn: [0, 1] },
        answer: { calls: [{ name: 'list', arguments: { path: '.' } }], usage: USAGE },
      },
      { answer: { text: 'Done.', usage: USAGE } },
    ],
  });
  const pool = await SessionPool.open({
    providers: { scripted: { baseURL: model.baseURL } },
    ...(shared && { budget: shared }),
  });
  const sessions = await Promise.all(
    Array.from({ length: count }, () =>
      pool.start({ model: 'scripted:scripted', ...(own && { budget: own }) }),
    ),
  );
  let wrong = 0;
  await Promise.all(
    sessions.map(async (session) => {
      let stopReason = 'end';
      while (stopReason === 'end') ({ stopReason } = await session.prompt('go on'));
      if (stopReason !== 'budget') wrong += 1;
    }),
  );
  const spent = sessions.map((session) => session.status().usage);
  const inAll = pool.usage().usage;
  const { tokens } = await model.stats();
  await pool.close();
  model.stop();
  return { spent, inAll, wrong, tokensOff: Math.abs(inAll.totalTokens - tokens) };
}

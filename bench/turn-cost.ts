/**
 * What does a turn cost beside a loop written by hand?
 *
 *   npm run bench -- turn-cost            (--quick: two rounds)
 *
 * 256 conversations at once, each 5 model calls of 100 text deltas and 8 tool calls on its own 20 files of 4 KB. The model server
 * has its own process, every contestant a fresh one each round, warmed up with 64 conversations; contestants take turns.
 * First with a model that answers at once, then with one that takes 300 ms to its first token and 10 ms to each other.
 */
import { measureInChild, startModelServer } from './support/child.ts';
import type { ContestantName } from './support/contestants.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median, ratios } from './support/statistics.ts';
import { IDEAL_MS } from './support/workload.ts';
import type { TurnCost, TurnCostTask } from './turn-cost.client.ts';

const COUNT = 256;

interface Variant {
  readonly name: string;
  readonly contestant: ContestantName;
  readonly withText: boolean;
}

const AT_ONCE: readonly Variant[] = [
  { name: 'skein', contestant: 'skein', withText: false },
  { name: 'openai loop', contestant: 'openai', withText: false },
  { name: 'skein with onText', contestant: 'skein', withText: true },
  { name: 'undici loop', contestant: 'undici', withText: false },
];
const PACED: readonly Variant[] = [
  { name: 'skein with onText', contestant: 'skein', withText: true },
  { name: 'openai loop', contestant: 'openai', withText: true },
  { name: 'undici loop', contestant: 'undici', withText: true },
];

export const turnCost: Question = {
  name: 'turn-cost',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const run = async (
      variants: readonly Variant[],
      model: TurnCostTask['model'],
      rounds: number,
    ): Promise<Map<string, TurnCost[]>> => {
      const costs = new Map<string, TurnCost[]>(variants.map(({ name }) => [name, []]));
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name, contestant, withText } of variants) {
          progress(`${model}, round ${round} of ${rounds}, ${name}`);
          const task: TurnCostTask = { contestant, baseURL: server.baseURL, model, count: COUNT, withText };
          costs.get(name)?.push(await measureInChild<TurnCost>('turn-cost.client', task));
        }
      }
      return costs;
    };
    try {
      const atOnce = await run(AT_ONCE, 'fast', quick ? 2 : 7);
      const paced = await run(PACED, 'paced', quick ? 1 : 3);
      return { rows: [...atOnceRows(atOnce), ...pacedRows(paced)], raw: [...atOnce, ...paced] };
    } finally {
      server.stop();
    }
  },
};

function atOnceRows(costs: ReadonlyMap<string, readonly TurnCost[]>): Row[] {
  const question = 'turn-cost';
  const of = (name: string, pick: (cost: TurnCost) => number): number[] => (costs.get(name) ?? []).map(pick);
  const throughput = (name: string): number[] => of(name, ({ wallMs }) => (COUNT / wallMs) * 1e3);
  const cpu = (name: string): number[] => of(name, ({ cpuMs }) => cpuMs / COUNT);
  const rows: Row[] = [];
  for (const name of costs.keys()) {
    rows.push(
      { question, measure: `${name}: throughput`, value: median(throughput(name)), unit: 'conversations/s' },
      { question, measure: `${name}: CPU`, value: median(cpu(name)), unit: 'ms/conversation' },
      {
        question,
        measure: `${name}: peak memory`,
        value: median(of(name, (cost) => cost.maxRssMb)),
        unit: 'MB',
      },
    );
  }
  for (const name of ['skein', 'skein with onText']) {
    for (const [peer, goals] of [
      ['openai loop', name === 'skein'],
      ['undici loop', false],
    ] as const) {
      rows.push(
        {
          question,
          measure: `${name}: throughput against the ${peer}`,
          value: median(ratios(throughput(name), throughput(peer))),
          unit: '',
          ...(goals ? { goal: { atLeast: 1.8 } } : {}),
        },
        {
          question,
          measure: `${name}: CPU against the ${peer}`,
          value: median(ratios(cpu(name), cpu(peer))),
          unit: '',
          ...(goals ? { goal: { atMost: 0.75 } } : {}),
        },
      );
    }
  }
  return rows;
}

function pacedRows(costs: ReadonlyMap<string, readonly TurnCost[]>): Row[] {
  const question = 'turn-cost, 300/10 ms';
  return [...costs].flatMap(([name, list]): Row[] => {
    const isSkein = name.startsWith('skein');
    const token = (measure: string, pick: (cost: TurnCost) => number | undefined): Row => ({
      question,
      measure: `${name}: token delay, ${measure}`,
      value: median(list.map((cost) => pick(cost) ?? Number.NaN)),
      unit: 'ms',
    });
    return [
      {
        question,
        measure: `${name}: wall time against the ideal of ${IDEAL_MS} ms`,
        value: median(list.map(({ wallMs }) => wallMs / IDEAL_MS)),
        unit: '',
        ...(isSkein ? { goal: { atMost: 1.2 } } : {}),
      },
      {
        question,
        measure: `${name}: CPU`,
        value: median(list.map(({ cpuMs }) => cpuMs / COUNT)),
        unit: 'ms/conversation',
      },
      token('p50', ({ tokens }) => tokens?.sentToSeen.p50),
      token('p99', ({ tokens }) => tokens?.sentToSeen.p99),
      token('worst', ({ tokens }) => tokens?.sentToSeen.max),
      token('gap less 10 ms, p50', ({ tokens }) => tokens?.gap.p50),
      token('gap less 10 ms, p99', ({ tokens }) => tokens?.gap.p99),
      token('gap less 10 ms, worst', ({ tokens }) => tokens?.gap.max),
    ];
  });
}

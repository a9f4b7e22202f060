/**
 * What does a turn cost beside a loop written by hand?
 *
 *   npm run bench -- turn-cost            (--quick: two rounds)
 *
 * 256 conversations at once, each 5 model calls of 100 text deltas and 8 tool calls on its own 20 files of 4 KB. The model server
 * has its own process, every contestant a fresh one each round; contestants take turns. First with a model that answers at once:
 * in a process that has held 64 conversations, and in one that has held 2,048, as a server has. Then, after 1,024, with one that
 * takes 300 ms to its first token and 10 ms to each other: there skein is told once how many requests the provider takes, and
 * learns it once.
 */
import { measureInChild, startModelServer } from './support/child.ts';
import type { ContestantName } from './support/contestants.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median, ratios } from './support/statistics.ts';
import { IDEAL_MS } from './support/workload.ts';
import type { TurnCost, TurnCostTask } from './turn-cost.client.ts';

const COUNT = 256;
/** Conversations before those that are measured, in a process that has run for a while. */
const LONG_RUN = 2_048;
const PACED_AFTER = 1_024;

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
const LONG: readonly Variant[] = AT_ONCE.filter(({ name }) => name !== 'skein with onText');
const PACED: readonly Variant[] = [
  { name: 'skein, told', contestant: 'skein-told', withText: true },
  { name: 'skein, learning', contestant: 'skein', withText: true },
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
      warmUpCount?: number,
    ): Promise<Map<string, TurnCost[]>> => {
      const costs = new Map<string, TurnCost[]>(variants.map(({ name }) => [name, []]));
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name, contestant, withText } of variants) {
          const after = warmUpCount === undefined ? '' : ` after ${warmUpCount}`;
          progress(`${model}${after}, round ${round} of ${rounds}, ${name}`);
          const task: TurnCostTask = {
            contestant,
            baseURL: server.baseURL,
            model,
            count: COUNT,
            withText,
            ...(warmUpCount === undefined ? {} : { warmUpCount }),
          };
          costs.get(name)?.push(await measureInChild<TurnCost>('turn-cost.client', task));
        }
      }
      return costs;
    };
    try {
      const atOnce = await run(AT_ONCE, 'fast', quick ? 2 : 7);
      const long = await run(LONG, 'fast', quick ? 1 : 5, LONG_RUN);
      const paced = await run(PACED, 'paced', quick ? 1 : 3, PACED_AFTER);
      return {
        rows: [
          ...atOnceRows('turn-cost', atOnce),
          ...atOnceRows(`turn-cost after ${LONG_RUN}`, long),
          ...pacedRows(paced),
        ],
        raw: [...atOnce, ...long, ...paced],
      };
    } finally {
      server.stop();
    }
  },
};

function atOnceRows(question: string, costs: ReadonlyMap<string, readonly TurnCost[]>): Row[] {
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
  for (const name of [...costs.keys()].filter((one) => one.startsWith('skein'))) {
    const rateAgainst = (peer: string): number => median(ratios(throughput(name), throughput(peer)));
    const cpuAgainst = (peer: string): number => median(ratios(cpu(name), cpu(peer)));
    rows.push(
      {
        question,
        measure: `${name}: throughput against the openai loop`,
        value: rateAgainst('openai loop'),
        unit: '',
        goal: { atLeast: 2.5 },
      },
      {
        question,
        measure: `${name}: CPU against the openai loop`,
        value: cpuAgainst('openai loop'),
        unit: '',
        goal: { atMost: 0.6 },
      },
      {
        question,
        measure: `${name}: throughput against the undici loop`,
        value: rateAgainst('undici loop'),
        unit: '',
      },
      {
        question,
        measure: `${name}: CPU against the undici loop`,
        value: cpuAgainst('undici loop'),
        unit: '',
        goal: { atMost: 2 },
      },
    );
  }
  return rows;
}

function pacedRows(costs: ReadonlyMap<string, readonly TurnCost[]>): Row[] {
  const question = 'turn-cost, 300/10 ms';
  const p99 = (name: string): number[] =>
    (costs.get(name) ?? []).map(({ tokens }) => tokens?.sentToSeen.p99 ?? Number.NaN);
  const delayAgainst = (name: string): Row => ({
    question,
    measure: `${name}: token delay p99 against the undici loop`,
    value: median(ratios(p99(name), p99('undici loop'))),
    unit: '',
    goal: { atMost: 1.5 },
  });
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
        ...(isSkein ? { goal: { atMost: 1.12 } } : {}),
      },
      {
        question,
        measure: `${name}: CPU`,
        value: median(list.map(({ cpuMs }) => cpuMs / COUNT)),
        unit: 'ms/conversation',
      },
      {
        question,
        measure: `${name}: event-loop delay of the main thread, p99`,
        value: median(list.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
        unit: 'ms',
        ...(isSkein ? { goal: { atMost: 20 } } : {}),
      },
      token('p50', ({ tokens }) => tokens?.sentToSeen.p50),
      token('p99', ({ tokens }) => tokens?.sentToSeen.p99),
      token('worst', ({ tokens }) => tokens?.sentToSeen.max),
      ...(isSkein ? [delayAgainst(name)] : []),
      token('gap less 10 ms, p50', ({ tokens }) => tokens?.gap.p50),
      token('gap less 10 ms, p99', ({ tokens }) => tokens?.gap.p99),
      token('gap less 10 ms, worst', ({ tokens }) => tokens?.gap.max),
    ];
  });
}

/**
 * What do the other sessions notice when one burns CPU?
 *
 *   npm run bench -- containment          (--quick: one round)
 *
 * 32 conversations with a model that takes 300 ms to its first token and 10 ms to each other; then the same again while one
 * more session runs a tool of 3 s of pure CPU. Beside it a hand loop on the `openai` package, which is one event loop.
 */
import type { Containment, ContainmentTask } from './containment.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { ContestantName } from './support/contestants.ts';
import type { Question } from './support/question.ts';
import type { Goal, Row } from './support/report.ts';
import { median } from './support/statistics.ts';

const COUNT = 32;
const CONTESTANTS: readonly { readonly name: string; readonly contestant: ContestantName }[] = [
  { name: 'skein', contestant: 'skein' },
  { name: 'openai loop', contestant: 'openai' },
];

export const containment: Question = {
  name: 'containment',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const results = new Map<string, Containment[]>(CONTESTANTS.map(({ name }) => [name, []]));
    try {
      const rounds = quick ? 1 : 5;
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name, contestant } of CONTESTANTS) {
          progress(`round ${round} of ${rounds}, ${name}`);
          const task: ContainmentTask = { contestant, baseURL: server.baseURL, count: COUNT };
          results.get(name)?.push(await measureInChild<Containment>('containment.client', task));
        }
      }
    } finally {
      server.stop();
    }
    return { rows: [...results].flatMap(([name, list]) => rowsOf(name, list)), raw: [...results] };
  },
};

function rowsOf(name: string, list: readonly Containment[]): Row[] {
  const isSkein = name === 'skein';
  const row = (measure: string, pick: (result: Containment) => number, unit = 'ms', goal?: Goal): Row => ({
    question: 'containment',
    measure: `${name}: ${measure}`,
    value: median(list.map(pick)),
    unit,
    ...(goal && isSkein ? { goal } : {}),
  });
  // The goal is for every token, so the worst of all rounds is held to it, not the usual one.
  const worst = Math.max(...list.map(({ burning }) => burning.sentToSeen.max));
  return [
    row('token delay p99 without the burn', ({ calm }) => calm.sentToSeen.p99),
    row('worst token without the burn', ({ calm }) => calm.sentToSeen.max),
    row('token delay p50', ({ burning }) => burning.sentToSeen.p50),
    row('token delay p99', ({ burning }) => burning.sentToSeen.p99),
    row('worst token, median of rounds', ({ burning }) => burning.sentToSeen.max),
    row('worst token of all rounds', () => worst, 'ms', { atMost: 100 }),
    row('gap less 10 ms, p99', ({ burning }) => burning.gap.p99),
    row('gap less 10 ms, worst', ({ burning }) => burning.gap.max),
    row(`slowed, of ${COUNT}`, ({ slowed }) => slowed, 'sessions', { atMost: 0 }),
    row('wall time against no burn', ({ burningWallMs, calmWallMs }) => burningWallMs / calmWallMs, ''),
  ];
}

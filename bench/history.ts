/**
 * Does a turn cost more when many went before it?
 *
 *   npm run bench -- history              (--quick: up to 50 turns, one round)
 *
 * Conversations of 1 to 200 turns, each of which reads the head of a file and edits it: the CPU of a turn, on the average
 * of the conversation, for skein (and its main thread alone), the `openai` loop and the undici loop, against the size of
 * the request's body. The whole history is sent with every request, so nobody's turn costs the same at any length.
 */
import type { HistoryCost, HistoryTask } from './history.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { ContestantName } from './support/contestants.ts';
import type { Question } from './support/question.ts';
import { median } from './support/statistics.ts';

const CONTESTANTS: readonly ContestantName[] = ['skein', 'openai', 'undici'];
const TURNS = [1, 10, 50, 100, 200];
/** Of all conversations of a measurement together. */
const TOTAL_TURNS = 1_600;
const AT_ONCE = 8;

export const history: Question = {
  name: 'history',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const rounds = quick ? 1 : 5;
    const lengths = quick ? TURNS.slice(0, 3) : TURNS;
    const results = new Map<string, HistoryCost[]>();
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const turns of lengths) {
          for (const contestant of CONTESTANTS) {
            progress(`round ${round} of ${rounds}, ${turns} turns, ${contestant}`);
            const count = Math.max(AT_ONCE, Math.ceil(TOTAL_TURNS / (turns + 1) / (quick ? 2 : 1)));
            const task: HistoryTask = { contestant, baseURL: server.baseURL, turns, atOnce: AT_ONCE, count };
            const result = await measureInChild<HistoryCost>('history.client', task);
            const key = `${turns} ${contestant}`;
            results.set(key, [...(results.get(key) ?? []), result]);
          }
        }
      }
    } finally {
      server.stop();
    }
    const of = (turns: number, contestant: string, pick: (cost: HistoryCost) => number): number =>
      median((results.get(`${turns} ${contestant}`) ?? []).map(pick));
    const cpu = (turns: number, contestant: ContestantName): number =>
      of(turns, contestant, ({ turnMs }) => turnMs);
    const body = (turns: number): number => of(turns, 'skein', ({ bodyBytes }) => bodyBytes);
    const most = Math.max(...lengths);
    const perBody = (contestant: ContestantName): number =>
      ((cpu(most, contestant) - cpu(1, contestant)) / (body(most) - body(1))) * 1e8;
    const question = 'history';
    return {
      rows: [
        {
          question,
          measure: `body of a request: ${most} turns against 1`,
          value: body(most) / body(1),
          unit: '',
        },
        {
          question,
          measure: `CPU of a turn: ${most} turns against 1, over the same of the body`,
          value: cpu(most, 'skein') / cpu(1, 'skein') / (body(most) / body(1)),
          unit: '',
          goal: { atMost: 1 },
        },
        ...CONTESTANTS.map((contestant) => ({
          question,
          measure: `${contestant}: CPU for each 100 kB of body`,
          value: perBody(contestant) / 1e3,
          unit: 'ms',
        })),
      ],
      curves: [
        {
          title: 'CPU of a turn, on the average of the conversation, ms',
          columns: ['turns', 'body, kB', 'skein', 'its main thread', 'openai loop', 'undici loop'],
          lines: lengths.map((turns) => [
            turns,
            body(turns) / 1e3,
            cpu(turns, 'skein'),
            of(turns, 'skein', ({ mainTurnMs }) => mainTurnMs),
            cpu(turns, 'openai'),
            cpu(turns, 'undici'),
          ]),
        },
      ],
      raw: [...results],
    };
  },
};

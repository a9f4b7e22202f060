/**
 * Does a turn cost more when many went before it?
 *
 *   npm run bench -- history              (--quick: up to 50 turns, one round)
 *
 * Conversations of 1 to 200 turns, each of which reads the head of a file and edits it: the CPU of a turn for skein (and
 * its main thread alone), the `openai` loop and the undici loop, against the size of the request's body. The whole history
 * is sent with every request, so nobody's turn costs the same at any length. What a turn of the 100th to the 200th costs is
 * what conversations of 200 turns take more than those of 100: the start and the end of a session are in neither.
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

/** From a conversation of so many turns to one of so many. */
type Stretch = readonly [from: number, to: number];
type Pick = (cost: HistoryCost) => number;

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
    /** Of a whole conversation. */
    const total = (turns: number, contestant: ContestantName, pick: Pick): number =>
      (turns + 1) * median((results.get(`${turns} ${contestant}`) ?? []).map(pick));
    const stretches = lengths.slice(1).map((to, index): Stretch => [lengths[index] ?? 0, to]);
    /** Of one turn in it. */
    const turn = ([from, to]: Stretch, contestant: ContestantName, pick: Pick): number =>
      (total(to, contestant, pick) - total(from, contestant, pick)) / (to - from);
    const cpu = (stretch: Stretch, contestant: ContestantName): number =>
      turn(stretch, contestant, ({ turnMs }) => turnMs);
    const body = (stretch: Stretch): number => turn(stretch, 'skein', ({ bodyBytes }) => bodyBytes);
    const first = stretches[0] ?? [0, 0];
    const last = stretches.at(-1) ?? [0, 0];
    const name = ([from, to]: Stretch): string => `${from} to ${to}`;
    const question = 'history';
    return {
      rows: [
        {
          question,
          measure: `body of a request: turns ${name(last)} against ${name(first)}`,
          value: body(last) / body(first),
          unit: '',
        },
        {
          question,
          measure: `skein: CPU of a turn: the same, over the growth of the body`,
          value: cpu(last, 'skein') / cpu(first, 'skein') / (body(last) / body(first)),
          unit: '',
          goal: { atMost: 1 },
        },
        ...CONTESTANTS.map((contestant) => ({
          question,
          measure: `${contestant}: CPU of a turn, for each 100 kB of body more`,
          value: ((cpu(last, contestant) - cpu(first, contestant)) / (body(last) - body(first))) * 1e5,
          unit: 'ms',
        })),
      ],
      curves: [
        {
          title: 'CPU of a turn, ms',
          columns: ['turns', 'body, kB', 'skein', 'its main thread', 'openai loop', 'undici loop'],
          lines: stretches.map((stretch) => [
            name(stretch),
            body(stretch) / 1e3,
            cpu(stretch, 'skein'),
            turn(stretch, 'skein', ({ mainTurnMs }) => mainTurnMs),
            cpu(stretch, 'openai'),
            cpu(stretch, 'undici'),
          ]),
        },
      ],
      raw: [...results],
    };
  },
};

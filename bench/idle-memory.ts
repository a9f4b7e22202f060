/**
 * What does a session that has nothing to do take in memory?
 *
 *   npm run bench -- idle-memory          (--quick: one round, fewer sessions)
 *
 * Sessions over one base image that have had a prompt and wait for the next: what they hold, a session, on the main
 * thread and in the session thread together (heap and external memory after a collection), against their content: the
 * messages, as JSON, and the files that they changed. Once resident, and once parked with the store in memory.
 */
import type { IdleMemory, IdleMemoryTask } from './idle-memory.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median } from './support/statistics.ts';

/** The goal allows so much beside 1.5 times the content. */
const ALLOWANCE = 4_096;

interface Case {
  readonly name: string;
  readonly turns: number;
  readonly fileBytes: number;
  readonly count: number;
}

const CASES: readonly Case[] = [
  { name: '1 edit', turns: 1, fileBytes: 4_096, count: 400 },
  { name: '20 edits', turns: 20, fileBytes: 4_096, count: 200 },
  { name: '100 edits', turns: 100, fileBytes: 4_096, count: 50 },
  { name: '4 edits in files of 256 KB', turns: 4, fileBytes: 262_144, count: 40 },
];

export const idleMemory: Question = {
  name: 'idle-memory',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const rounds = quick ? 1 : 3;
    const results = new Map<string, IdleMemory[]>();
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name, turns, fileBytes, count } of CASES) {
          for (const parked of [false, true]) {
            const key = `${name}, ${parked ? 'parked' : 'resident'}`;
            progress(`round ${round} of ${rounds}, ${key}`);
            const task: IdleMemoryTask = {
              baseURL: server.baseURL,
              turns,
              fileBytes,
              count: quick ? Math.ceil(count / 4) : count,
              parked,
            };
            const result = await measureInChild<IdleMemory>('idle-memory.client', task, ['--expose-gc']);
            results.set(key, [...(results.get(key) ?? []), result]);
          }
        }
      }
    } finally {
      server.stop();
    }
    const lines = [...results].map(([name, list]) => [
      name,
      ...[
        (result: IdleMemory) => result.contentBytes,
        (result: IdleMemory) => result.mainBytes,
        (result: IdleMemory) => result.threadBytes,
      ].map((pick) => median(list.map(pick)) / 1e3),
      median(list.map(share)),
    ]);
    const columns = ['session', 'content, kB', 'main thread, kB', 'session thread, kB', 'against content, x'];
    return {
      rows: [...results].map(([name, list]): Row => ({
        question: 'idle-memory',
        measure: `${name}: memory less 4 kB against content`,
        value: median(list.map(share)),
        unit: '',
        goal: { atMost: 1.5 },
      })),
      curves: [{ title: 'An idle session', columns, lines }],
      raw: [...results],
    };
  },
};

function share({ contentBytes, mainBytes, threadBytes }: IdleMemory): number {
  return Math.max(0, mainBytes + threadBytes - ALLOWANCE) / contentBytes;
}

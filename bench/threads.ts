/**
 * What do more threads bring, and what do they cost?
 *
 *   npm run bench -- threads              (--quick: up to 8, one round)
 *
 * 1 to 64 session threads, all there from the start: the time until they are, the memory that each adds, and the rate of
 * 64 conversations at once: first of those whose only tool computes for about 10 ms, then of those of `turn-cost`.
 */
import { availableParallelism } from 'node:os';
import { measureInChild, startModelServer } from './support/child.ts';
import type { Question } from './support/question.ts';
import { median } from './support/statistics.ts';
import type { ThreadsResult, ThreadsTask } from './threads.client.ts';

const THREADS = [1, 2, 4, 8, 16, 32, 64];
const WORKS: readonly ThreadsTask['work'][] = ['spin', 'turns'];
const AT_ONCE = 64;

export const threads: Question = {
  name: 'threads',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const rounds = quick ? 1 : 3;
    const threadCounts = quick ? THREADS.slice(0, 4) : THREADS;
    const results = new Map<string, ThreadsResult[]>();
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const count of threadCounts) {
          for (const work of WORKS) {
            progress(`round ${round} of ${rounds}, ${count} threads, ${work}`);
            const task: ThreadsTask = {
              baseURL: server.baseURL,
              threads: count,
              work,
              atOnce: AT_ONCE,
              count: quick ? 128 : 384,
            };
            const result = await measureInChild<ThreadsResult>('threads.client', task, ['--expose-gc']);
            results.set(`${count} ${work}`, [...(results.get(`${count} ${work}`) ?? []), result]);
          }
        }
      }
    } finally {
      server.stop();
    }
    const of = (count: number, work: ThreadsTask['work'], pick: (result: ThreadsResult) => number): number =>
      median((results.get(`${count} ${work}`) ?? []).map(pick));
    const rate = (count: number, work: ThreadsTask['work']): number =>
      of(count, work, ({ perSecond }) => perSecond);
    const most = Math.max(...threadCounts);
    const cores = availableParallelism();
    return {
      rows: [
        {
          question: 'threads',
          measure: `computing tools: rate with ${cores} threads (the cores) against 1`,
          value: rate(cores, 'spin') / rate(1, 'spin'),
          unit: '',
        },
        ...WORKS.map((work) => ({
          question: 'threads',
          measure: `${work === 'spin' ? 'computing tools' : 'turns'}: rate with ${most} threads against ${cores}`,
          value: rate(most, work) / rate(cores, work),
          unit: '',
        })),
        {
          question: 'threads',
          measure: 'memory of a thread',
          value: of(most, 'spin', ({ threadBytes }) => threadBytes / 1e6),
          unit: 'MB',
        },
      ],
      curves: [
        {
          title: 'Session threads',
          columns: [
            'threads',
            'start, ms',
            'memory of each, MB',
            'computing tools, a second',
            'turn-cost conversations, a second',
            'their CPU, ms',
          ],
          lines: threadCounts.map((count) => [
            count,
            of(count, 'spin', ({ startMs }) => startMs),
            of(count, 'spin', ({ threadBytes }) => threadBytes / 1e6),
            rate(count, 'spin'),
            rate(count, 'turns'),
            of(count, 'turns', ({ cpuMs }) => cpuMs),
          ]),
        },
      ],
      raw: [...results],
    };
  },
};

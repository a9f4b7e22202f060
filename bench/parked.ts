/**
 * What do sessions take that are parked, and how much later does one begin?
 *
 *   npm run bench -- parked               (--quick: up to 1,000, one round)
 *
 * 10 to 10,000 sessions over one base image of 2,000 files, each of which has read and edited a file, all but 10 of them
 * parked; the store in memory and in SQLite. Memory is that of the whole process. Then a parked session and a resident
 * one are asked in turns: the time from `prompt` to the arrival of the request at the model server.
 */
import type { Parked, ParkedTask } from './parked.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median } from './support/statistics.ts';

const FILES = 2_000;
const COUNTS = [10, 100, 1_000, 10_000];
const STORES = ['memory', 'sqlite'] as const;

export const parked: Question = {
  name: 'parked',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const rounds = quick ? 1 : 3;
    const counts = quick ? COUNTS.slice(0, 3) : COUNTS;
    const results = new Map<string, Parked[]>();
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const count of counts) {
          for (const store of STORES) {
            progress(`round ${round} of ${rounds}, ${count} parked, ${store}`);
            const task: ParkedTask = {
              baseURL: server.baseURL,
              store,
              count,
              fileCount: FILES,
              prompts: quick ? 20 : 100,
            };
            const result = await measureInChild<Parked>('parked.client', task, ['--expose-gc']);
            results.set(`${count} ${store}`, [...(results.get(`${count} ${store}`) ?? []), result]);
          }
        }
      }
    } finally {
      server.stop();
    }
    const of = (count: number, store: string, pick: (result: Parked) => number): number =>
      median((results.get(`${count} ${store}`) ?? []).map(pick));
    const most = Math.max(...counts);
    const rows = STORES.flatMap((store): Row[] => [
      {
        question: 'parked',
        measure: `${most} parked, store in ${store}: memory of the process`,
        value: of(most, store, ({ rssBytes }) => rssBytes / 1e6),
        unit: 'MB',
        goal: { atMost: 1_000 },
      },
      {
        question: 'parked',
        measure: `${most} parked, store in ${store}: a prompt on a parked one begins later`,
        value: of(most, store, ({ parkedMs, residentMs }) => parkedMs - residentMs),
        unit: 'ms',
        goal: { atMost: 5 },
      },
    ]);
    const curves = STORES.map((store) => ({
      title: `Parked sessions, store in ${store}`,
      columns: [
        'parked',
        'process, MB',
        'a session, kB',
        'parked: first request, ms',
        'resident: first request, ms',
      ],
      lines: counts.map((count) => [
        count,
        of(count, store, ({ rssBytes }) => rssBytes / 1e6),
        of(count, store, ({ eachBytes }) => eachBytes / 1e3),
        of(count, store, ({ parkedMs }) => parkedMs),
        of(count, store, ({ residentMs }) => residentMs),
      ]),
    }));
    return { rows, curves, raw: [...results] };
  },
};

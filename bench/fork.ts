/**
 * What does it cost to fork a session over a repository of 2,000 files?
 *
 *   npm run bench -- fork                 (--quick: one round)
 *
 * A session over a base image of 2,000 files of 4 KB has had 20 prompts, in each of which the model read a file and wrote it
 * anew. Then 200 forks of it are made and held: from where it is, and from the middle of its history. Time is the middle one of
 * the 200; memory is heap and external after a collection, a fork. Beside it the files copied: into a Map, and on the disk.
 */
import type { Fork, ForkTask, ForkWay } from './fork.client.ts';
import { measureInChild } from './support/child.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median, ratios } from './support/statistics.ts';

const FILES = 2_000;
const PROMPTS = 20;
const CASES: readonly { name: string; way: ForkWay; store: 'memory' | 'sqlite'; count: number }[] = [
  { name: 'fork, store in memory', way: 'fork', store: 'memory', count: 200 },
  { name: 'fork, store in SQLite', way: 'fork', store: 'sqlite', count: 200 },
  { name: 'fork at an earlier prompt, memory', way: 'again', store: 'memory', count: 200 },
  { name: 'fork at an earlier prompt, SQLite', way: 'again', store: 'sqlite', count: 200 },
  { name: 'fork at ever another prompt, memory', way: 'past', store: 'memory', count: 200 },
  { name: 'fork at ever another prompt, SQLite', way: 'past', store: 'sqlite', count: 200 },
  { name: 'copy into a Map', way: 'map', store: 'memory', count: 200 },
  { name: 'copy of the directory', way: 'directory', store: 'memory', count: 10 },
];

export const fork: Question = {
  name: 'fork',
  async measure({ quick, progress }) {
    const results = new Map<string, Fork[]>(CASES.map(({ name }) => [name, []]));
    const rounds = quick ? 1 : 5;
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, way, store, count } of CASES) {
        progress(`round ${round} of ${rounds}, ${name}`);
        const task: ForkTask = { way, store, fileCount: FILES, promptCount: PROMPTS, count };
        results.get(name)?.push(await measureInChild<Fork>('fork.client', task, ['--expose-gc']));
      }
    }
    return { rows: rowsOf(results), raw: [...results] };
  },
};

function rowsOf(results: ReadonlyMap<string, readonly Fork[]>): Row[] {
  const question = 'fork';
  const of = (name: string, pick: (result: Fork) => number): number[] => (results.get(name) ?? []).map(pick);
  const rows: Row[] = [
    {
      question,
      measure: `the parent’s conversation after ${PROMPTS} prompts`,
      value: median(of(CASES[0]!.name, ({ conversationLength }) => conversationLength / 1e3)),
      unit: 'kB',
    },
  ];
  for (const { name, way, store } of CASES) {
    const isFork = way !== 'map' && way !== 'directory';
    // Reading a journal costs what is in the journal.
    const isTimed = isFork && way !== 'past';
    rows.push({
      question,
      measure: `${name}: time`,
      value: median(of(name, ({ eachMs }) => eachMs)),
      unit: 'ms',
      ...(isTimed ? { goal: { atMost: 2 } } : {}),
    });
    if (way === 'directory') continue;
    rows.push({
      question,
      measure: `${name}: memory`,
      value: median(of(name, ({ heldBytes }) => heldBytes / 1e3)),
      unit: 'kB',
      ...(isFork ? { goal: { atMost: 64 } } : {}),
    });
    if (store !== 'sqlite') continue;
    const stored = median(of(name, ({ storedBytes }) => storedBytes / 1e3));
    rows.push({ question, measure: `${name}: in the file`, value: stored, unit: 'kB' });
  }
  for (const [fork, copy] of [
    ['fork, store in memory', 'copy into a Map'],
    ['fork, store in SQLite', 'copy of the directory'],
  ] as const) {
    const time = (name: string): number[] => of(name, ({ eachMs }) => eachMs);
    rows.push({
      question,
      measure: `${fork}, against a ${copy}`,
      value: median(ratios(time(fork), time(copy))),
      unit: '',
    });
  }
  return rows;
}

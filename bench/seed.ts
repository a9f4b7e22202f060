/**
 * What does a session over a repository of 2,000 files cost?
 *
 *   npm run bench -- seed                 (--quick: one round)
 *
 * A base image of 2,000 files of 4 KB is packed once; then 200 sessions are started over it and held. Time is the middle one
 * of the 200; memory is heap and external after a collection, on the main thread and in the session thread, a session.
 * Beside it the same over a base image of one file, and every file copied into a Map and into memfs.
 */
import type { Seed, SeedTask, SeedWay } from './seed.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { median, ratios } from './support/statistics.ts';

const FILES = 2_000;
const CASES: readonly { name: string; way: SeedWay; fileCount: number; count: number }[] = [
  { name: 'start', way: 'start', fileCount: FILES, count: 200 },
  { name: 'start and first step', way: 'open', fileCount: FILES, count: 200 },
  { name: 'start and first prompt', way: 'edit', fileCount: FILES, count: 200 },
  { name: 'start and first prompt, 1 file', way: 'edit', fileCount: 1, count: 200 },
  { name: 'copy into a Map', way: 'map', fileCount: FILES, count: 200 },
  { name: 'copy into memfs', way: 'memfs', fileCount: FILES, count: 20 },
];
/** Held to the goals of a session over the base image. */
const WITH_GOAL = ['start', 'start and first step'];

export const seed: Question = {
  name: 'seed',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const results = new Map<string, Seed[]>(CASES.map(({ name }) => [name, []]));
    try {
      const rounds = quick ? 1 : 5;
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name, way, fileCount, count } of CASES) {
          progress(`round ${round} of ${rounds}, ${name}`);
          const task: SeedTask = { way, fileCount, count, baseURL: server.baseURL };
          results.get(name)?.push(await measureInChild<Seed>('seed.client', task, ['--expose-gc']));
        }
      }
    } finally {
      server.stop();
    }
    return { rows: rowsOf(results), raw: [...results] };
  },
};

function rowsOf(results: ReadonlyMap<string, readonly Seed[]>): Row[] {
  const question = 'seed';
  const of = (name: string, pick: (result: Seed) => number): number[] => (results.get(name) ?? []).map(pick);
  const rows: Row[] = [
    {
      question,
      measure: `packing the base image of ${FILES} files, once`,
      value: median(of('start', ({ imageMs }) => imageMs)),
      unit: 'ms',
    },
  ];
  for (const { name } of CASES) {
    const goals = WITH_GOAL.includes(name);
    const bytes = of(name, ({ mainBytes, threadBytes }) => (mainBytes + threadBytes) / 1e3);
    rows.push(
      {
        question,
        measure: `${name}: time`,
        value: median(of(name, ({ eachMs }) => eachMs)),
        unit: 'ms',
        ...(goals ? { goal: { below: 2 } } : {}),
      },
      {
        question,
        measure: `${name}: memory`,
        value: median(bytes),
        unit: 'kB',
        ...(goals ? { goal: { below: 64 } } : {}),
      },
    );
  }
  const time = (name: string): number[] => of(name, ({ eachMs }) => eachMs);
  rows.push(
    {
      question,
      measure: 'first prompt over 2,000 files against 1 file',
      value: median(ratios(time('start and first prompt'), time('start and first prompt, 1 file'))),
      unit: '',
    },
    {
      question,
      measure: 'start and first step against a copy into memfs',
      value: median(ratios(time('start and first step'), time('copy into memfs'))),
      unit: '',
    },
  );
  return rows;
}

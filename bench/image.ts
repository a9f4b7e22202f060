/**
 * What does the size of a base image cost?
 *
 *   npm run bench -- image                (--quick: up to 1,000 files, one round)
 *
 * 10 to 50,000 files of 4 KB: packing them once, the image's memory, and what a session over it costs: start and first step,
 * start and first prompt (which reads and edits a file), and the memory of a session that has had its first step.
 */
import type { Seed, SeedTask, SeedWay } from './seed.client.ts';
import { measureInChild, startModelServer } from './support/child.ts';
import type { Question } from './support/question.ts';
import { median } from './support/statistics.ts';

const FILE_COUNTS = [10, 100, 1_000, 10_000, 50_000];
const WAYS: readonly SeedWay[] = ['open', 'edit'];

export const image: Question = {
  name: 'image',
  async measure({ quick, progress }) {
    const server = await startModelServer();
    const rounds = quick ? 1 : 3;
    const fileCounts = quick ? FILE_COUNTS.slice(0, 3) : FILE_COUNTS;
    const results = new Map<string, Seed[]>();
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const fileCount of fileCounts) {
          for (const way of WAYS) {
            progress(`round ${round} of ${rounds}, ${fileCount} files, ${way}`);
            const task: SeedTask = { way, baseURL: server.baseURL, fileCount, count: 200 };
            const result = await measureInChild<Seed>('seed.client', task, ['--expose-gc']);
            results.set(`${fileCount} ${way}`, [...(results.get(`${fileCount} ${way}`) ?? []), result]);
          }
        }
      }
    } finally {
      server.stop();
    }
    const of = (fileCount: number, way: SeedWay, pick: (result: Seed) => number): number =>
      median((results.get(`${fileCount} ${way}`) ?? []).map(pick));
    const most = Math.max(...fileCounts);
    const least = Math.min(...fileCounts);
    const growth = (way: SeedWay): number =>
      of(most, way, ({ eachMs }) => eachMs) / of(least, way, ({ eachMs }) => eachMs);
    return {
      rows: [
        {
          question: 'image',
          measure: `packing ${most} files, a file`,
          value: (of(most, 'open', ({ imageMs }) => imageMs) / most) * 1e3,
          unit: 'µs',
        },
        {
          question: 'image',
          measure: `start and first step: ${most} files against ${least}`,
          value: growth('open'),
          unit: '',
        },
        {
          question: 'image',
          measure: `start and first prompt: ${most} files against ${least}`,
          value: growth('edit'),
          unit: '',
        },
      ],
      curves: [
        {
          title: 'A base image',
          columns: [
            'files',
            'packing, ms',
            'image, MB',
            'start and first step, ms',
            'start and first prompt, ms',
            'memory after the first step, kB',
          ],
          lines: fileCounts.map((fileCount) => [
            fileCount,
            of(fileCount, 'open', ({ imageMs }) => imageMs),
            of(fileCount, 'open', ({ imageBytes }) => imageBytes / 1e6),
            of(fileCount, 'open', ({ eachMs }) => eachMs),
            of(fileCount, 'edit', ({ eachMs }) => eachMs),
            of(fileCount, 'open', ({ mainBytes, threadBytes }) => (mainBytes + threadBytes) / 1e3),
          ]),
        },
      ],
      raw: [...results],
    };
  },
};

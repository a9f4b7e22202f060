/**
 * Is the search tool as fast as reading the files and trying a regular expression on them?
 *
 *   npm run bench -- search               (--quick: one round)
 *
 * 2,100 source files, 50 MB, once as a base image in shared memory and once on a tmpfs (/dev/shm where there is one, else the
 * temporary directory, which may be a disk). Beside the tool, which also lists and sorts the files, two plain ways to do the
 * same over a ready list of paths: `readFileSync` and the expression on each line, and `readFileSync` and the expression on
 * the whole text. All must find the same lines.
 */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SearchTask, SearchTimes } from './search.client.ts';
import { measureInChild } from './support/child.ts';
import type { Question } from './support/question.ts';
import type { Row } from './support/report.ts';
import { SEARCH_CASES, writeTree } from './support/search-tree.ts';
import { median, ratios } from './support/statistics.ts';

export const search: Question = {
  name: 'search',
  async measure({ quick, progress }) {
    const directory = mkdtempSync(join(memoryDirectory(), 'skein-bench-'));
    const results = new Map<string, SearchTimes[]>(SEARCH_CASES.map(({ name }) => [name, []]));
    try {
      writeTree(directory);
      const rounds = quick ? 1 : 5;
      for (let round = 1; round <= rounds; round += 1) {
        for (const { name } of SEARCH_CASES) {
          progress(`round ${round} of ${rounds}, ${name}, in ${directory}`);
          const task: SearchTask = { caseName: name, directory };
          results.get(name)?.push(await measureInChild<SearchTimes>('search.client', task));
        }
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
    return {
      rows: SEARCH_CASES.flatMap(({ name }) => rowsOf(name, results.get(name) ?? [])),
      raw: [...results],
    };
  },
};

function rowsOf(name: string, times: readonly SearchTimes[]): Row[] {
  const of = (way: keyof SearchTimes): number[] => times.map((time) => time[way]);
  const against = (way: keyof SearchTimes): number => median(ratios(of(way), of('tool')));
  const question = 'search';
  return [
    {
      question,
      measure: `${name}: throughput against the expression on each line`,
      value: against('lines'),
      unit: '',
      goal: { atLeast: 1 },
    },
    {
      question,
      measure: `${name}: throughput against the expression on whole texts`,
      value: against('texts'),
      unit: '',
      goal: { atLeast: 1 },
    },
    { question, measure: `${name}: time of the tool`, value: median(of('tool')), unit: 'ms' },
  ];
}

function memoryDirectory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

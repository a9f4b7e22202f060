/** What a session takes that has ended a prompt and is kept for the next one. */
import { measureInChild } from '../support/child.ts';
import { median } from '../support/statistics.ts';
import { inTurns, lineOf, TOOLS, type Case } from './comparison.ts';
import { ENTRANTS } from './entrants.ts';
import type { Memory, MemoryTask } from './memory.client.ts';

export const memory: Case = {
  name: 'An idle session',
  async measure({ baseURL, extent, progress }) {
    const results = await inTurns(ENTRANTS, extent.memoryRounds, ({ contestant }, round) => {
      progress(`${extent.idleSessions} idle sessions, ${round}`);
      const task: MemoryTask = { contestant, baseURL, count: extent.idleSessions, tools: TOOLS };
      return measureInChild<Memory>('memory.client', task, ['--expose-gc']);
    });
    const line = (measure: string, pick: (result: Memory) => number) =>
      lineOf(measure, results, (list) => median(list.map(pick)) / 1e3);
    return {
      lines: [
        line('held after a collection, kB', ({ heldBytes }) => heldBytes),
        line('RSS grown by, kB', ({ rssBytes }) => rssBytes),
      ],
      raw: [...results],
    };
  },
};

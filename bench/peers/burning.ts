/** What the other sessions notice when one burns CPU in a tool. */
import type { Containment, ContainmentTask } from '../containment.client.ts';
import { measureInChild } from '../support/child.ts';
import { BURN_MS } from '../support/scenarios.ts';
import { median } from '../support/statistics.ts';
import { inTurns, lineOf, TOOLS, type Case } from './comparison.ts';
import { ENTRANTS } from './entrants.ts';

export const burning: Case = {
  name: `A neighbour that burns CPU for ${BURN_MS / 1e3} s`,
  async measure({ baseURL, extent, progress }) {
    const count = extent.besideBurn;
    const results = await inTurns(ENTRANTS, extent.rounds, ({ contestant }, round) => {
      progress(`a burn beside ${count}, ${round}`);
      const task: ContainmentTask = { contestant, baseURL, count, tools: TOOLS };
      return measureInChild<Containment>('containment.client', task);
    });
    const line = (measure: string, pick: (result: Containment) => number) =>
      lineOf(measure, results, (list) => median(list.map(pick)));
    return {
      lines: [
        line('token delay p99, ms', (result) => result.burning.sentToSeen.p99),
        line('latest token, ms', (result) => result.burning.sentToSeen.max),
        line(`slowed by more than a tenth, of ${count}`, ({ slowed }) => slowed),
      ],
      raw: [...results],
    };
  },
};

/** How much later than the model everything is, when the model takes its time. */
import { measureInChild } from '../support/child.ts';
import { median } from '../support/statistics.ts';
import { BETWEEN_TOKENS_MS, FIRST_TOKEN_MS, IDEAL_MS } from '../support/workload.ts';
import type { TurnCost, TurnCostTask } from '../turn-cost.client.ts';
import { inTurns, lineOf, TOOLS, type Case } from './comparison.ts';
import { ENTRANTS } from './entrants.ts';

export const pace: Case = {
  name: `Model of ${FIRST_TOKEN_MS} ms to the first token, ${BETWEEN_TOKENS_MS} ms between`,
  async measure({ baseURL, extent, progress }) {
    const count = extent.paced;
    const results = await inTurns(ENTRANTS, extent.rounds, ({ contestant }, round) => {
      progress(`${count} at once with delays, ${round}`);
      const task: TurnCostTask = {
        // Nobody else asks how many requests a provider takes; skein is told, so that it does not find out meanwhile.
        contestant: contestant === 'skein' ? 'skein-told' : contestant,
        baseURL,
        model: 'paced',
        count,
        withText: true,
        tools: TOOLS,
      };
      return measureInChild<TurnCost>('turn-cost.client', task);
    });
    const line = (measure: string, pick: (result: TurnCost) => number) =>
      lineOf(measure, results, (list) => median(list.map(pick)));
    return {
      lines: [
        line(`wall time of ${count} against the ideal, x`, ({ wallMs }) => wallMs / IDEAL_MS),
        line('token delay p50, ms', ({ tokens }) => tokens?.sentToSeen.p50 ?? Number.NaN),
        line('token delay p99, ms', ({ tokens }) => tokens?.sentToSeen.p99 ?? Number.NaN),
        line('CPU, ms a conversation', ({ cpuMs }) => cpuMs / count),
      ],
      raw: [...results],
    };
  },
};

/** What a conversation costs, and how many go through, when the model answers at once. */
import { measureInChild } from '../support/child.ts';
import { median, ratios } from '../support/statistics.ts';
import type { TurnCost, TurnCostTask } from '../turn-cost.client.ts';
import { inTurns, lineOf, TOOLS, type Case, type Line } from './comparison.ts';
import { ENTRANTS, SKEIN } from './entrants.ts';

export const cost: Case = {
  name: 'Model without delays',
  async measure({ baseURL, extent, progress }) {
    const cpu: Line[] = [];
    const rates: Line[] = [];
    const raw: unknown[] = [];
    for (const { count, each } of extent.atOnce) {
      const results = await inTurns(ENTRANTS, extent.rounds, ({ contestant }, round) => {
        progress(`${count} at once, ${round}`);
        const task: TurnCostTask = {
          contestant,
          baseURL,
          model: 'fast',
          count,
          each,
          withText: true,
          tools: TOOLS,
        };
        return measureInChild<TurnCost>('turn-cost.client', task);
      });
      const cpuMs = (list: readonly TurnCost[]): number[] => list.map((one) => one.cpuMs / (count * each));
      const rate = (list: readonly TurnCost[]): number[] =>
        list.map(({ wallMs }) => (count * each * 1e3) / wallMs);
      const own = results.get(SKEIN.name) ?? [];
      cpu.push(
        lineOf(`CPU, ${count} at once, ms a conversation`, results, (list) => median(cpuMs(list))),
        lineOf('skein’s CPU against it, x', results, (list) => median(ratios(cpuMs(own), cpuMs(list)))),
      );
      rates.push(
        lineOf(`throughput, ${count} at once, conversations/s`, results, (list) => median(rate(list))),
        lineOf('skein’s throughput against it, x', results, (list) => median(ratios(rate(own), rate(list)))),
      );
      if (count === extent.atOnce.at(-1)?.count) {
        rates.push(
          lineOf(`peak memory, ${count} at once, MB`, results, (list) =>
            median(list.map(({ maxRssMb }) => maxRssMb)),
          ),
        );
      }
      raw.push({ count, each, results: [...results] });
    }
    return { lines: [...cpu, ...rates], raw };
  },
};

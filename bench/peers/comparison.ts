import type { Entrant } from './entrants.ts';
import type { Extent } from './extent.ts';

/** What every case is measured with. */
export interface Run {
  readonly baseURL: string;
  readonly extent: Extent;
  /** Says what is being measured now. */
  readonly progress: (text: string) => void;
}

/** One line of the table. */
export interface Line {
  readonly measure: string;
  /** By the entrant's name; a missing one did not take part. */
  readonly values: ReadonlyMap<string, number | string>;
}

/** One question of the comparison, all entrants side by side. */
export interface Case {
  readonly name: string;
  /** @returns its lines, and every single measurement behind them as JSON data */
  measure(run: Run): Promise<{ readonly lines: readonly Line[]; readonly raw: unknown }>;
}

/** What is offered in every conversation. */
export const TOOLS: readonly string[] = ['read', 'edit'];

/** The entrants take turns: A B C A B C. @returns what was measured of each, by name and in the order of the rounds */
export async function inTurns<Result>(
  entrants: readonly Entrant[],
  rounds: number,
  measure: (entrant: Entrant, round: string) => Promise<Result>,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const results = new Map<string, Result[]>(entrants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const entrant of entrants) {
      results.get(entrant.name)?.push(await measure(entrant, `round ${round} of ${rounds}, ${entrant.name}`));
    }
  }
  return results;
}

/** A line that has a figure for each who took part. */
export function lineOf<Result>(
  measure: string,
  results: ReadonlyMap<string, readonly Result[]>,
  pick: (list: readonly Result[]) => number,
): Line {
  return { measure, values: new Map([...results].map(([name, list]) => [name, pick(list)])) };
}

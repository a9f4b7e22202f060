/**
 * A figure: always the same one, or drawn anew each time.
 * - `p50` and `p99` — lognormal, as waits for a provider are: half are below the one, 99 of 100 below the other
 * - `mean` and `deviation` — normal, and never below 0
 */
export type ScriptedDraw =
  | number
  | { readonly p50: number; readonly p99: number }
  | { readonly mean: number; readonly deviation: number };

/** What 99 of 100 normal figures are below, in deviations from the mean. */
const Z99 = 2.3263478740408408;

/** @param random  from 0 up to 1; asked only where there is anything to draw */
export function draw(figure: ScriptedDraw, random: () => number): number {
  if (typeof figure === 'number') return figure;
  const z = standardNormal(random);
  if ('mean' in figure) return Math.max(0, figure.mean + figure.deviation * z);
  return figure.p50 * Math.exp((Math.log(figure.p99 / figure.p50) / Z99) * z);
}

/** The same figure in other units. */
export function scaledDraw(figure: ScriptedDraw, factor: number): ScriptedDraw {
  if (typeof figure === 'number') return figure * factor;
  if ('mean' in figure) return { mean: figure.mean * factor, deviation: figure.deviation * factor };
  return { p50: figure.p50 * factor, p99: figure.p99 * factor };
}

/** What is wrong with a figure that has the right keys; undefined when nothing is. */
export function drawProblem(figure: ScriptedDraw | undefined): string | undefined {
  if (figure === undefined || typeof figure === 'number') return undefined;
  const keys = Object.keys(figure).sort().join(' and ');
  if (keys === 'deviation and mean') return undefined;
  if (keys !== 'p50 and p99')
    return `must be a number, p50 and p99, or mean and deviation; it has ${keys || 'nothing'}`;
  const { p50, p99 } = figure as { p50: number; p99: number };
  if (p50 <= 0) return `needs a p50 above 0; it is ${p50}`;
  return p99 < p50 ? `has a p99 of ${p99}, which is below its p50 of ${p50}` : undefined;
}

/** Box and Muller's; a 0 has no logarithm. */
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

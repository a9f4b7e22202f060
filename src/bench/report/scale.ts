/** Where values lie along an axis, from 0 to 1, and which are written at it. Values are finite. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From 0 up to `max`, or a little above; a scale of nothing but 0 goes to 1. */
export function linearScale(max: number, tickCount = 5): Scale {
  const top = max > 0 ? max : 1;
  const step = niceStep(top / tickCount);
  const end = Math.ceil(top / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return { at: (value) => Math.min(1, Math.max(0, value / end)), ticks };
}

/** From `min` to `max`, both above 0. The ends are 1, 2 or 5 of a power of ten. */
export function logScale(min: number, max: number): Scale {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    for (const digit of [1, 2, 5]) steps.push(digit * 10 ** power);
  }
  const first = Math.max(
    0,
    steps.findLastIndex((step) => step <= min * (1 + 1e-9)),
  );
  const last = steps.findIndex((step) => step >= max * (1 - 1e-9));
  const range = steps.slice(first, Math.max(last, first + 1) + 1);
  const [low, high] = [Math.log10(range[0]!), Math.log10(range.at(-1)!)];
  const ticks =
    range.length <= 8 ? range : range.filter((step) => Number.isInteger(rounded(Math.log10(step))));
  return { at: (value) => clamp((Math.log10(Math.max(value, range[0]!)) - low) / (high - low)), ticks };
}

/**
 * Percentiles from 0 to 100, as HdrHistogram draws them: each further nine takes the same room.
 * @param count  of values: with 1,000 of them, nothing can be said beyond 99.9
 */
export function percentileScale(count: number): Scale {
  const nines = Math.max(1, Math.log10(Math.max(count, 2)));
  const at = (percentile: number): number =>
    clamp(-Math.log10(Math.max(1e-12, 1 - percentile / 100)) / nines);
  const ticks = [0, 50, 90, 99, 99.9, 99.99, 99.999].filter((tick) => at(tick) < 0.97);
  return { at, ticks };
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const digit = [1, 2, 2.5, 5, 10].find((each) => each * power >= least * (1 - 1e-9))!;
  return digit * power;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function rounded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

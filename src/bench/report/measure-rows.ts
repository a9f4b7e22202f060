import { formatCount } from '../../batch/format.ts';
import { formatUsd } from '../../money.ts';
import { formatMs, formatShare, threeDigits } from '../format-figure.ts';
import type { Distribution, Measures } from '../result.ts';

/** A row of a table of figures: what it is, and how it reads in a group of prompts. */
export interface MeasureRow {
  readonly label: string;
  readonly show: (measures: Measures) => string;
}

/** Nothing was measured. */
const NONE = '–';

export const MEASURE_GROUPS: readonly { readonly title: string; readonly rows: readonly MeasureRow[] }[] = [
  {
    title: 'Outcome',
    rows: [
      { label: 'prompts', show: ({ prompts }) => formatCount(prompts) },
      { label: 'success', show: showSuccess },
      { label: 'errors', show: showErrors },
      { label: 'responses 429', show: ({ rateLimited }) => formatCount(rateLimited) },
      { label: 'retries', show: ({ retries }) => formatCount(retries) },
      { label: 'cost', show: showCost },
    ],
  },
  { title: 'Prompt latency, from when it was due', rows: spread(({ promptLatencyMs }) => promptLatencyMs) },
  { title: 'First token, from when a turn was let go', rows: spread(({ firstTokenMs }) => firstTokenMs) },
  { title: 'Between tokens', rows: spread(({ betweenTokensMs }) => betweenTokensMs) },
  { title: 'Turn latency', rows: spread(({ turnLatencyMs }) => turnLatencyMs) },
  {
    title: 'Throughput',
    rows: [
      { label: 'output tokens/s', show: ({ outputTokensPerSecond }) => rate(outputTokensPerSecond) },
      { label: 'prompts/s', show: ({ promptsPerSecond }) => rate(promptsPerSecond) },
      { label: 'turns', show: ({ turns }) => formatCount(turns) },
      { label: 'output tokens', show: ({ outputTokens }) => formatCount(outputTokens) },
      {
        label: 'input tokens (cached)',
        show: ({ inputTokens, cachedTokens }) => `${formatCount(inputTokens)} (${formatCount(cachedTokens)})`,
      },
    ],
  },
  {
    title: 'Waits of a prompt: p50 / p99',
    rows: [
      { label: 'started later than due', show: ({ startDelayMs }) => middleAndTail(startDelayMs) },
      { label: 'for the gate', show: ({ gateWaitMs }) => middleAndTail(gateWaitMs) },
      { label: 'for a thread', show: ({ threadWaitMs }) => middleAndTail(threadWaitMs) },
    ],
  },
];

/** The few that tell scenarios apart. */
export const SCENARIO_COLUMNS: readonly MeasureRow[] = [
  { label: 'prompts', show: ({ prompts }) => formatCount(prompts) },
  { label: 'success', show: showSuccess },
  { label: 'errors', show: showErrors },
  { label: 'latency p50', show: ({ promptLatencyMs }) => time(promptLatencyMs?.p50) },
  { label: 'p90', show: ({ promptLatencyMs }) => time(promptLatencyMs?.p90) },
  { label: 'p99', show: ({ promptLatencyMs }) => time(promptLatencyMs?.p99) },
  { label: 'first token p50', show: ({ firstTokenMs }) => time(firstTokenMs?.p50) },
  { label: 'output tokens', show: ({ outputTokens }) => formatCount(outputTokens) },
  { label: 'cost', show: showCost },
];

export function errorCount({ errors }: Measures): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

function spread(of: (measures: Measures) => Distribution | null): readonly MeasureRow[] {
  return (['p50', 'p90', 'p99', 'max'] as const).map((label) => ({
    label,
    show: (measures) => time(of(measures)?.[label]),
  }));
}

function middleAndTail(distribution: Distribution | null): string {
  return distribution === null ? NONE : `${time(distribution.p50)} / ${time(distribution.p99)}`;
}

function showSuccess({ success }: Measures): string {
  if (success === null || success.checked === 0) return NONE;
  return `${formatShare(success.passed / success.checked)} (${formatCount(success.passed)}/${formatCount(success.checked)})`;
}

function showErrors(measures: Measures): string {
  const count = errorCount(measures);
  return count === 0 ? '0' : `${formatCount(count)} (${formatShare(count / Math.max(1, measures.prompts))})`;
}

export function showCost({ cost: { usd, unpricedTurns } }: Measures): string {
  if (usd === null || !Number.isFinite(usd)) return 'unknown';
  return unpricedTurns > 0 ? `at least ${formatUsd(usd)}` : formatUsd(usd);
}

function time(ms: number | undefined): string {
  return ms === undefined || !Number.isFinite(ms) ? NONE : formatMs(ms);
}

function rate(value: number): string {
  return Number.isFinite(value) ? threeDigits(value) : NONE;
}

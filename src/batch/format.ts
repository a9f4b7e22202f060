import type { Usage } from '../model/model.ts';
import { describeCost, formatUsd } from '../money.ts';

/** 12,345 */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `480 ms`, `3.2 s`, `4 m 05 s`, `2 h 03 m` */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

/**
 * What was used, in a few facts: `12,345 tokens (8,000 cached, 300 reasoning)`, `$0.0123`, `cache saved $0.02`.
 * @param savedUsd  by reading from the prompt cache; null where that is not known
 */
export function usageFacts(usage: Usage, savedUsd: number | null): readonly string[] {
  const { cachedTokens, reasoningTokens, totalTokens, cost } = usage;
  const parts = [
    cachedTokens > 0 ? `${formatCount(cachedTokens)} cached` : '',
    reasoningTokens > 0 ? `${formatCount(reasoningTokens)} reasoning` : '',
  ].filter((part) => part !== '');
  return [
    countOf(totalTokens, 'token') + (parts.length > 0 ? ` (${parts.join(', ')})` : ''),
    describeCost(cost),
    savedUsd !== null && savedUsd > 0 ? `cache saved ${formatUsd(savedUsd)}` : '',
  ].filter((fact) => fact !== '');
}

/** `1 file`, `2 files` */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

import type { RateLimits, RateWindow } from './model.ts';
import type { AnswerHead } from './transport.ts';

type Header = AnswerHead['header'];

/** A limit that is whole again later than this says nothing that anybody could wait for. */
const MAX_RESET_MS = 31 * 24 * 60 * 60_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g;

/**
 * What the head of an answer says of the provider's limits; null when it says nothing that makes sense. Reads the
 * headers of OpenAI, Groq and Azure (`x-ratelimit-limit-requests`, reset as a Go duration), of Anthropic
 * (`anthropic-ratelimit-requests-limit`, reset as RFC 3339) and of OpenRouter (`X-RateLimit-Limit`, reset in epoch
 * milliseconds). Limits that are not positive are placeholders (Azure sends -1 and 0) and are ignored.
 */
export function readRateLimits(
  { header, headerNames }: Omit<AnswerHead, 'status'>,
  nowEpochMs: number = Date.now(),
): RateLimits | null {
  // Most say nothing, and there are eighteen headers to look for.
  if (!headerNames().some((name) => name.includes('ratelimit'))) return null;
  const read = (names: (field: string) => string): RateWindow | undefined =>
    rateWindow(header, names, nowEpochMs);
  const requests =
    read((field) => `x-ratelimit-${field}-requests`) ??
    read((field) => `anthropic-ratelimit-requests-${field}`) ??
    read((field) => `x-ratelimit-${field}`);
  const tokens =
    read((field) => `x-ratelimit-${field}-tokens`) ??
    read((field) => `anthropic-ratelimit-tokens-${field}`) ??
    read((field) => `anthropic-ratelimit-input-tokens-${field}`);
  if (!requests && !tokens) return null;
  return { ...(requests && { requests }), ...(tokens && { tokens }) };
}

function rateWindow(
  header: Header,
  name: (field: string) => string,
  nowEpochMs: number,
): RateWindow | undefined {
  const limit = wholeNumber(header(name('limit')));
  if (limit !== undefined && limit <= 0) return undefined;
  const remaining = wholeNumber(header(name('remaining')));
  if (remaining !== undefined && (remaining < 0 || remaining > (limit ?? Infinity))) return undefined;
  const resetMs = readResetMs(header(name('reset')), nowEpochMs);
  if (limit === undefined && remaining === undefined) return undefined;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(resetMs === undefined ? {} : { resetMs }),
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,15}$/.test(text.trim())) return undefined;
  return Number(text);
}

/** As a duration from now: `6m0s`, `12ms`; seconds; a moment as epoch seconds or milliseconds, or as a date. */
function readResetMs(value: string | undefined, nowEpochMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '') return undefined;
  const resetMs = DURATION.test(text) ? durationMs(text) : momentMs(text, nowEpochMs);
  if (Number.isNaN(resetMs) || resetMs > MAX_RESET_MS) return undefined;
  return Math.max(0, resetMs);
}

function durationMs(text: string): number {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART))
    sum += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return sum;
}

function momentMs(text: string, nowEpochMs: number): number {
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return Date.parse(text) - nowEpochMs;
  const number = Number(text);
  // No wait is as long as an epoch: 1e9 seconds are in 2001, 1e12 milliseconds too.
  if (number >= 1e12) return number - nowEpochMs;
  return number >= 1e9 ? number * 1_000 - nowEpochMs : number * 1_000;
}

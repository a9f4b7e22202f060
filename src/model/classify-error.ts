import { ModelError, type ModelErrorKind } from '../errors.ts';
import type { RateLimits } from './model.ts';

/** Texts by which providers say that a request does not fit the model's window; there is no common code. */
const CONTEXT_OVERFLOW =
  /context_length_exceeded|maximum context length|prompt is too long|exceeds the (context window|available context size)|input token count.*exceeds|too many tokens|maximum prompt length|reduce the length|greater than the context length|exceeded model token limit/i;
/** Codes for spent credit: asking again cannot help. */
const QUOTA =
  /insufficient_quota|insufficient credits|payment_required|billing_hard_limit|billing_not_active/i;

/** A response with an error status. `code` and `text` are what its body says. */
export function statusError(data: {
  readonly status: number;
  readonly code: string;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
  readonly limits?: RateLimits | undefined;
}): ModelError {
  const { status, code, text, retryAfterMs, limits } = data;
  const { kind, retryable } = classify(status, `${code} ${text}`);
  const said = text === '' ? '' : `: ${text}`;
  return new ModelError({ kind, retryable, status, retryAfterMs, limits, message: `HTTP ${status}${said}` });
}

/** An `error` object inside a stream that began well (OpenRouter sends HTTP numbers as `code`). */
export function providerError(raw: unknown): ModelError {
  const error = (typeof raw === 'object' && raw !== null ? raw : { message: String(raw) }) as {
    code?: unknown;
    type?: unknown;
    message?: unknown;
    metadata?: { error_type?: unknown };
  };
  const words = [error.metadata?.error_type, error.type, error.code].map((part) =>
    typeof part === 'string' ? part : '',
  );
  const text = typeof error.message === 'string' ? error.message : 'no message';
  const number = Number(error.code);
  const status = number >= 400 && number < 600 ? number : statusFor(words.join(' '));
  const { kind, retryable } = classify(status, `${words.join(' ')} ${text}`);
  return new ModelError({
    kind: kind === 'invalid-request' && status === 0 ? 'provider' : kind,
    retryable: status === 0 ? !/invalid|policy|refusal|auth/i.test(words.join(' ')) : retryable,
    message: `the provider sent an error in the stream: ${text}`,
  });
}

function statusFor(words: string): number {
  if (QUOTA.test(words)) return 402;
  if (/rate_limit/i.test(words)) return 429;
  if (/overloaded|unavailable/i.test(words)) return 503;
  if (/server|timeout/i.test(words)) return 500;
  if (/authentication|invalid_api_key|permission/i.test(words)) return 401;
  return 0;
}

function classify(status: number, words: string): { kind: ModelErrorKind; retryable: boolean } {
  if (status === 402 || (status === 429 && QUOTA.test(words))) return { kind: 'quota', retryable: false };
  // Before the overflow texts: "too many tokens, please wait" is a rate, not a length.
  if (status === 429) return { kind: 'rate-limited', retryable: true };
  if (CONTEXT_OVERFLOW.test(words) || status === 413) return { kind: 'context-length', retryable: false };
  if (status === 401 || status === 403) return { kind: 'auth', retryable: false };
  if (status === 404) return { kind: 'not-found', retryable: false };
  if (status === 503 || status === 529) return { kind: 'overloaded', retryable: true };
  if (status >= 500) return { kind: 'server', retryable: true };
  if (status === 408 || status === 409 || status === 425) return { kind: 'server', retryable: true };
  return { kind: 'invalid-request', retryable: false };
}

/** Longer than anybody waits; what goes far beyond it is not even a date that could be told. */
const MAX_RETRY_AFTER_MS = 366 * 24 * 60 * 60_000;

/** `Retry-After` in seconds or as a date, or `retry-after-ms`: from 0 to a year. Undefined when absent or unreadable. */
export function readRetryAfterMs(
  header: (name: string) => string | undefined,
  nowEpochMs: number,
): number | undefined {
  const ms = Number.parseFloat(header('retry-after-ms') ?? '');
  if (ms >= 0) return Math.min(ms, MAX_RETRY_AFTER_MS);
  const value = header('retry-after')?.trim() ?? '';
  if (value === '') return undefined;
  const seconds = Number(value);
  const waitMs = Number.isNaN(seconds) ? Date.parse(value) - nowEpochMs : seconds * 1_000;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
}

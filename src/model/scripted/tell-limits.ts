import type { Allowance } from './allowance.ts';
import type { Lane, Limiter, Verdict } from './limiter.ts';
import { errorBody } from './respond.ts';

const MINUTE_MS = 60_000;

type Headers = Record<string, string>;

/** What a provider says of its limits in the head of an answer, whatever the answer is. */
export function limitHeaders(limiter: Limiter, lane: Lane): Headers {
  const { requests, tokens } = lane;
  switch (limiter.limits.headers ?? 'openai') {
    case 'openai':
      return { ...openai(limiter, 'requests', requests), ...openai(limiter, 'tokens', tokens) };
    case 'anthropic':
      return { ...anthropic(limiter, 'requests', requests), ...anthropic(limiter, 'tokens', tokens) };
    case 'openrouter':
    case 'none':
      return {};
  }
}

/** What it says only to who was refused. */
export function refusalHeaders(
  limiter: Limiter,
  { lane, reason, waitMs }: Verdict & { admitted: false },
): Headers {
  const { limits, minuteMs } = limiter;
  const headers: Headers = {};
  const refusing = reason === 'tokens' ? lane.tokens : lane.requests;
  if (limits.headers === 'openrouter' && refusing) {
    const { limit, remaining, reset } = read(limiter, refusing);
    headers['x-ratelimit-limit'] = String(limit);
    headers['x-ratelimit-remaining'] = String(remaining);
    headers['x-ratelimit-reset'] = String(Math.ceil(Date.now() + reset));
  }
  if (limits.retryAfter === false || waitMs === Infinity) return headers;
  const toldMs = limiter.told(waitMs);
  // Seconds would be minutes to a server whose minutes are seconds.
  const isInSeconds = minuteMs === MINUTE_MS || limits.tellFullMinutes;
  if (isInSeconds) headers['retry-after'] = String(Math.ceil(toldMs / 1000));
  else headers['retry-after-ms'] = String(Math.ceil(toldMs));
  return headers;
}

/** The error that goes with a refusal, in the words of OpenAI. */
export function refusalBody(
  limiter: Limiter,
  { reason, waitMs, lane }: Verdict & { admitted: false },
  tokens: number,
  model: string,
): string {
  const error = (message: string, type: string): string => errorBody(message, 'rate_limit_exceeded', type);
  if (reason === 'concurrent')
    return error(`Too many requests at once for ${model}: ${lane.open} are being answered.`, 'requests');
  const of = reason === 'tokens' ? 'tokens per min (TPM)' : 'requests per min (RPM)';
  const requested = reason === 'tokens' ? tokens : 1;
  const limit = lane[reason]?.limit ?? 0;
  if (waitMs === Infinity)
    return error(`Request too large for ${model} on ${of}: Limit ${limit}, Requested ${requested}.`, reason);
  const used = limit - Math.floor(lane[reason]?.remaining(performance.now()) ?? 0);
  return error(
    `Rate limit reached for ${model} on ${of}: Limit ${limit}, Used ${used}, Requested ${requested}. ` +
      `Please try again in ${goDuration(limiter.told(waitMs))}.`,
    reason,
  );
}

function openai(limiter: Limiter, of: string, allowance: Allowance | undefined): Headers {
  if (!allowance) return {};
  const { limit, remaining, reset } = read(limiter, allowance);
  return {
    [`x-ratelimit-limit-${of}`]: String(limit),
    [`x-ratelimit-remaining-${of}`]: String(remaining),
    [`x-ratelimit-reset-${of}`]: goDuration(reset),
  };
}

function anthropic(limiter: Limiter, of: string, allowance: Allowance | undefined): Headers {
  if (!allowance) return {};
  const { limit, remaining, reset } = read(limiter, allowance);
  return {
    [`anthropic-ratelimit-${of}-limit`]: String(limit),
    [`anthropic-ratelimit-${of}-remaining`]: String(remaining),
    [`anthropic-ratelimit-${of}-reset`]: new Date(Date.now() + Math.ceil(reset)).toISOString(),
  };
}

function read(limiter: Limiter, allowance: Allowance): { limit: number; remaining: number; reset: number } {
  const now = performance.now();
  return {
    limit: allowance.limit,
    remaining: Math.max(0, Math.floor(allowance.remaining(now))),
    reset: limiter.told(allowance.resetMs(now)),
  };
}

/** As Go writes a duration: `6m0s`, `1.25s`, `12ms`. */
export function goDuration(durationMs: number): string {
  const ms = Math.ceil(durationMs);
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / MINUTE_MS);
  const seconds = (ms - minutes * MINUTE_MS) / 1000;
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

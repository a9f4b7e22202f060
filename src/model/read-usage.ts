import { UNKNOWN_COST, type Cost, type Usage } from './model.ts';

/** Usage as Chat Completions and its many copies report it. Nothing of it is certain. */
export function readChatUsage(raw: unknown): Usage {
  const usage = asRecord(raw);
  const output = asRecord(usage['completion_tokens_details']);
  const input = asRecord(usage['prompt_tokens_details']);
  return readUsage(usage, {
    inputTokens: count(usage['prompt_tokens']),
    outputTokens: count(usage['completion_tokens']),
    reasoningTokens: count(output['reasoning_tokens']),
    cachedTokens: count(input['cached_tokens']) || count(usage['prompt_cache_hit_tokens']),
    cacheWriteTokens: count(input['cache_write_tokens']),
  });
}

/** Usage as the Responses API reports it, in its last event. */
export function readResponsesUsage(raw: unknown): Usage {
  const usage = asRecord(raw);
  const output = asRecord(usage['output_tokens_details']);
  const input = asRecord(usage['input_tokens_details']);
  return readUsage(usage, {
    inputTokens: count(usage['input_tokens']),
    outputTokens: count(usage['output_tokens']),
    reasoningTokens: count(output['reasoning_tokens']),
    cachedTokens: count(input['cached_tokens']),
    cacheWriteTokens: count(input['cache_write_tokens']),
  });
}

/** About four characters a token, said to be an estimate. */
export function estimateUsage(inputChars: number, outputChars: number): Usage {
  const inputTokens = Math.ceil(inputChars / 4);
  const outputTokens = Math.ceil(outputChars / 4);
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    reasoningTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    estimated: true,
    cost: UNKNOWN_COST,
  };
}

function readUsage(
  raw: Readonly<Record<string, unknown>>,
  tokens: Omit<Usage, 'totalTokens' | 'estimated' | 'cost'>,
): Usage {
  const totalTokens = count(raw['total_tokens']) || tokens.inputTokens + tokens.outputTokens;
  return { ...tokens, totalTokens, estimated: false, cost: costOf(raw['cost']) };
}

/** OpenRouter's own figure, in credits of one US dollar. */
function costOf(usd: unknown): Cost {
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) return UNKNOWN_COST;
  return { usd, basis: 'provider', unpriced: 0 };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

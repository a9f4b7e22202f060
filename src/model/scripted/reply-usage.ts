import type { CompiledAnswer } from './compile-answer.ts';
import type { CacheRead } from './prompt-cache.ts';
import type { ScriptedPrices } from './script.ts';

/** Tokens; cached and written ones are part of the input, reasoning is part of the output. */
export interface ReplyUsage {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  /** Undefined when the server has no cache, and says nothing of one. */
  readonly cached: number | undefined;
  readonly cacheWrite: number | undefined;
  /** US dollars, from a server that tells what it costs. */
  readonly cost: number | undefined;
}

/** What is counted when the script gives no number. */
export interface Counted {
  readonly inputChars: number;
  readonly outputChars: number;
  readonly reasoningChars: number;
  readonly cache: CacheRead | undefined;
  readonly prices: ScriptedPrices | undefined;
}

/** Null when the answer is to tell none. */
export function usageOf(given: CompiledAnswer['usage'], counted: Counted): ReplyUsage | null {
  if (given === 'none') return null;
  const input = given.input ?? tokensIn(counted.inputChars);
  const output = given.output ?? tokensIn(counted.outputChars);
  // The script's own input may be less than the prompt has.
  const cached = given.cached ?? (counted.cache && Math.min(counted.cache.cached, input));
  const written = counted.cache?.cacheWrite;
  const cacheWrite =
    given.cacheWrite ?? (written === undefined ? undefined : Math.min(written, input - (cached ?? 0)));
  return {
    input,
    output,
    reasoning: given.reasoning ?? tokensIn(counted.reasoningChars),
    cached,
    cacheWrite,
    cost: given.cost ?? (counted.prices && costOf(counted.prices, input, output, cached, cacheWrite)),
  };
}

/** As everywhere here: four characters a token. */
export function tokensIn(chars: number): number {
  return Math.ceil(chars / 4);
}

function costOf(prices: ScriptedPrices, input: number, output: number, cached = 0, cacheWrite = 0): number {
  const dollars =
    (input - cached - cacheWrite) * prices.input +
    cached * (prices.cachedInput ?? prices.input) +
    cacheWrite * (prices.cacheWrite ?? prices.input) +
    output * prices.output;
  return dollars / 1_000_000;
}

/** What a provider said when a request did not fit; null where it did not say, or nothing that makes sense. */
export interface Overflow {
  /** The model's window. */
  readonly windowTokens: number | null;
  /** What the request would have taken. */
  readonly requestTokens: number | null;
}

const NUMBER = String.raw`(\d[\d,]{2,11})`;

/** There is no common field for it, so it is read from the texts. Each names the window, then, where it is told, the request. */
const WINDOW_TEXTS: readonly RegExp[] = [
  // OpenAI, OpenRouter, vLLM, DeepSeek, xAI.
  new RegExp(`maximum (?:context|prompt) length (?:is|of)\\s+${NUMBER}`, 'i'),
  // Mistral.
  new RegExp(`${NUMBER} maximum context length`, 'i'),
  // Anthropic: the prompt is too long: 200251 tokens > 200000 maximum.
  new RegExp(`> ${NUMBER} maximum`, 'i'),
  // Gemini.
  new RegExp(`maximum number of tokens allowed \\(?${NUMBER}`, 'i'),
  // llama.cpp: the available context size (4096 tokens), and the field that it sends beside.
  new RegExp(`context (?:size|window|length)(?: of| is|:)? \\(?${NUMBER}`, 'i'),
  // Moonshot.
  new RegExp(`model token limit: ${NUMBER}`, 'i'),
  // GitHub and Azure.
  new RegExp(`exceeds the limit of ${NUMBER}`, 'i'),
];

const REQUEST_TEXTS: readonly RegExp[] = [
  // OpenAI tells the sum with the answer first, which says nothing of what was sent.
  new RegExp(`\\(${NUMBER} in the messages`, 'i'),
  new RegExp(`(?:resulted in|requested(?: about)?:?|request has|request contains|contains) ${NUMBER}`, 'i'),
  new RegExp(`too long: ${NUMBER} tokens`, 'i'),
  new RegExp(`token count(?: of)? \\(?${NUMBER}\\)? exceeds`, 'i'),
];

/** No model that can hold a conversation has less, and none has more. */
const PLAUSIBLE = { min: 256, max: 100_000_000 };

/** Reads the figures in a provider's refusal of a request that was too long. */
export function readOverflow(message: string): Overflow {
  return {
    windowTokens: firstNumber(message, WINDOW_TEXTS),
    requestTokens: firstNumber(message, REQUEST_TEXTS),
  };
}

function firstNumber(message: string, texts: readonly RegExp[]): number | null {
  for (const text of texts) {
    const found = text.exec(message)?.[1];
    if (found === undefined) continue;
    const number = Number(found.replaceAll(',', ''));
    if (number >= PLAUSIBLE.min && number <= PLAUSIBLE.max) return number;
  }
  return null;
}

import { toDeltas, type CompiledAnswer, type Deltas } from './compile-answer.ts';
import { callId, type Conversation } from './conversation.ts';
import { rewriteCalls } from './rewrite-calls.ts';
import { tokensIn, usageOf, type ReplyUsage } from './reply-usage.ts';
import type { CacheRead } from './prompt-cache.ts';
import type { Choice } from './rule-book.ts';
import type { ScriptedFault, ScriptedPrices } from './script.ts';
import { mixText, seededRandom } from './seeded.ts';
import { BUILT_IN, type Values } from './template.ts';

/** Everything that a response says, before it is written as a stream or as one body. */
export interface Reply {
  /** Without the prefix that each API has for its ids. */
  readonly id: string;
  readonly model: string;
  readonly reasoning: Deltas;
  readonly text: Deltas;
  readonly calls: readonly ReplyCall[];
  readonly finish: string;
  /** Null when the response is to tell none. */
  readonly usage: ReplyUsage | null;
  /** Of all that it says, whether or not it tells. */
  readonly outputTokens: number;
  readonly delay: CompiledAnswer['delay'];
  readonly fault: ScriptedFault;
  /** Of this reply alone, so that others beside it change nothing. */
  readonly random: () => number;
}

export interface ReplyCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What a reply follows from, besides the rule and the conversation. */
export interface ReplyTerms {
  readonly seed: number;
  /** Length of the request. */
  readonly inputChars: number;
  readonly cache: CacheRead | undefined;
  readonly prices: ScriptedPrices | undefined;
  /** In place of the rule's own. */
  readonly fault: ScriptedFault | undefined;
}

/** @throws {ScriptRunError} */
export function makeReply(choice: Choice, conversation: Conversation, terms: ReplyTerms): Reply {
  const { rule, captures } = choice;
  const hash = hashOf(conversation, terms.seed);
  const unique = hash.toString(36);
  const values = valuesOf(conversation, captures);
  const answer = rule.answer(conversation);
  const edits = rule.rewrite ? rewriteCalls(rule.rewrite, conversation, values) : [];
  const nothingToChange = rule.rewrite !== undefined && edits.length === 0;
  const text = nothingToChange ? toDeltas(rule.rewrite.otherwise.render(values)) : answer.text(values);
  const calls = nothingToChange
    ? []
    : [
        ...answer.calls.map((call) => ({ name: call.name, arguments: call.arguments(values), places: 0 })),
        ...edits,
      ];
  const reasoning = answer.reasoning(values);
  const outputChars = calls.reduce(
    (sum, call) => sum + call.name.length + call.arguments.length,
    text.text.length + reasoning.text.length,
  );
  const usage = usageOf(answer.usage, {
    inputChars: terms.inputChars,
    outputChars,
    reasoningChars: reasoning.text.length,
    cache: terms.cache,
    prices: terms.prices,
  });
  return {
    id: unique,
    model: conversation.model,
    reasoning,
    text,
    calls: calls.map((call, i) => ({
      id: callId(`${unique}${i.toString(36).padStart(2, '0')}`, call.places),
      name: call.name,
      arguments: call.arguments,
    })),
    finish: answer.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    usage,
    outputTokens: usage?.output ?? tokensIn(outputChars),
    delay: answer.delay,
    fault: terms.fault ?? rule.fault ?? {},
    random: seededRandom(hash),
  };
}

function valuesOf(conversation: Conversation, captures: ReadonlyMap<string, string>): Values {
  return (name) => captures.get(name) ?? BUILT_IN[name]?.(conversation) ?? '';
}

/** Of a seed and what the conversation begins with, asks and says last. */
export function hashOf(conversation: Conversation, seed: number): number {
  let hash = mixText(Math.imul(seed, 0x9e3779b1) + conversation.messages.length, conversation.first);
  hash = mixText(hash, conversation.user);
  hash = mixText(hash, conversation.last);
  return hash >>> 0;
}

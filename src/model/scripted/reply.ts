import { toDeltas, type CompiledAnswer, type Deltas } from './compile-answer.ts';
import { callId, type Conversation } from './conversation.ts';
import { rewriteCalls } from './rewrite-calls.ts';
import type { Choice } from './rule-book.ts';
import type { ScriptedFault } from './script.ts';
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
  readonly delay: CompiledAnswer['delay'];
  readonly fault: ScriptedFault;
  /** Of this reply alone, so that others beside it change nothing. */
  readonly random: () => number;
}

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

export interface ReplyCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/**
 * @param inputChars  length of the request, for the usage
 * @throws {ScriptRunError}
 */
export function makeReply(
  choice: Choice,
  conversation: Conversation,
  seed: number,
  inputChars: number,
): Reply {
  const { rule, captures } = choice;
  const hash = hashOf(conversation, seed);
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
    usage:
      answer.usage === 'none' ? null : usageOf(answer.usage, inputChars, outputChars, reasoning.text.length),
    delay: answer.delay,
    fault: rule.fault ?? {},
    random: seededRandom(hash),
  };
}

function usageOf(
  given: Exclude<CompiledAnswer['usage'], 'none'>,
  inputChars: number,
  outputChars: number,
  reasoningChars: number,
): ReplyUsage {
  return {
    input: given.input ?? Math.ceil(inputChars / 4),
    output: given.output ?? Math.ceil(outputChars / 4),
    reasoning: given.reasoning ?? Math.ceil(reasoningChars / 4),
    cached: given.cached,
    cacheWrite: given.cacheWrite,
    cost: given.cost,
  };
}

function valuesOf(conversation: Conversation, captures: ReadonlyMap<string, string>): Values {
  return (name) => captures.get(name) ?? BUILT_IN[name]?.(conversation) ?? '';
}

function hashOf(conversation: Conversation, seed: number): number {
  let hash = mixText(Math.imul(seed, 0x9e3779b1) + conversation.messages.length, conversation.first);
  hash = mixText(hash, conversation.user);
  hash = mixText(hash, conversation.last);
  return hash >>> 0;
}

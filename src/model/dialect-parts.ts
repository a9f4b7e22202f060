import { createHash } from 'node:crypto';
import { describeContent } from './content.ts';
import type { KeptReasoning, Message, ModelSource, UserContent } from './message.ts';
import type { Quirks } from './quirks.ts';

type Assistant = Extract<Message, { role: 'assistant' }>;
type Call = NonNullable<Assistant['tool_calls']>[number];

const FITS: Readonly<Record<Exclude<Quirks['toolCallIds'], 'any'>, RegExp>> = {
  'max-40': /^[^]{1,40}$/,
  'nine-alphanumerics': /^[a-zA-Z0-9]{9}$/,
};

/** The id as the provider takes it: itself, or else a hash of it, so that a call and its result still belong together. */
export function toolCallId(id: string, rule: Quirks['toolCallIds']): string {
  if (rule === 'any' || FITS[rule].test(id)) return id;
  return createHash('sha256')
    .update(id)
    .digest('hex')
    .slice(0, rule === 'max-40' ? 40 : 9);
}

/** The message that the call of a result is in, and the call; undefined when the history no longer has it. */
export function callOf(
  messages: readonly Message[],
  at: number,
  id: string,
): { readonly call: Call; readonly message: Assistant } | undefined {
  for (let index = at - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.role !== 'assistant') continue;
    const call = message.tool_calls?.find((candidate) => candidate.id === id);
    if (call) return { call, message };
  }
  return undefined;
}

/** The message's reasoning if it came from there: what others signed or encrypted is refused. */
export function ownReasoning(message: Assistant, from: ModelSource): KeptReasoning | undefined {
  const { reasoning } = message;
  const isOwn =
    reasoning?.from.provider === from.provider &&
    reasoning.from.model === from.model &&
    reasoning.from.api === from.api;
  return isOwn ? reasoning : undefined;
}

/** What a user said, as far as the provider takes it: one that takes no images is told that there were some. */
export function takenContent(content: UserContent, { images }: Quirks): UserContent {
  return images ? content : describeContent(content);
}

/** The rest of the key of a dialect that gives reasoning back: it writes for one model only. */
export function sourceKey({ reasoningBack }: Quirks, from: ModelSource): string {
  return reasoningBack === 'none' ? '' : `${reasoningBack} ${from.provider}:${from.model}`;
}

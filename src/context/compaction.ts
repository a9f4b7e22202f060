import { headChars } from '../head-chars.ts';
import type { Message } from '../model/message.ts';

/**
 * What of a conversation is sent: a view of it, which is kept whole. Places are indexes of its messages, and what is
 * added later is sent as it is.
 */
export interface Compaction {
  /** The messages before this one are sent as they are: the system message and the session's first prompt. */
  readonly head: number;
  /** In the place of the messages from `head` up to `upTo`. */
  readonly replacement: readonly Message[];
  /** Of those, the prompt in progress: it is sent after the replacement. Null where it is not one of them. */
  readonly promptAt: number | null;
  /** Never in the middle of a turn: at a message of a user or of the model. */
  readonly upTo: number;
  /** Long results of tools before this message are told of, and not sent. */
  readonly trimBefore: number;
  /** What was sent then, in tokens, as it was estimated. */
  readonly afterTokens: number;
}

/** Results shorter than this stay: what is said in their place would be no shorter. */
const MIN_TRIMMED_CHARS = 400;
const MAX_SHOWN_ARGUMENTS = 150;

/** The messages that are sent. */
export function project(
  messages: readonly Message[],
  compaction: Omit<Compaction, 'afterTokens'>,
): readonly Message[] {
  const { head, upTo, replacement, promptAt, trimBefore } = compaction;
  const prompt = promptAt === null ? [] : messages.slice(promptAt, promptAt + 1);
  const sent = [...messages.slice(0, head), ...replacement, ...prompt];
  /** Of the turn: providers use the same ids again. */
  let calls = new Map<string, { readonly name: string; readonly arguments: string }>();
  for (let at = upTo; at < messages.length; at += 1) {
    const message = messages[at]!;
    if (message.role === 'assistant') {
      calls = new Map((message.tool_calls ?? []).map((call) => [call.id, call.function]));
    }
    const isTrimmed = at < trimBefore && message.role === 'tool';
    sent.push(isTrimmed ? trimmed(message, calls.get(message.tool_call_id)) : message);
  }
  return sent;
}

/** Where the conversation proper begins: after the system message and the first prompt. */
export function headOf(messages: readonly Message[]): number {
  const afterSystem = messages[0]?.role === 'system' ? 1 : 0;
  return messages[afterSystem]?.role === 'user' ? afterSystem + 1 : afterSystem;
}

/** Where the last `count` turns begin, with the prompt that the first of them answers; `messages.length` for none. */
export function startOfLastTurns(messages: readonly Message[], count: number): number {
  const head = headOf(messages);
  let start = messages.length;
  let left = count;
  // A prompt that nobody has answered yet stays with what follows.
  if (start > head && messages[start - 1]?.role === 'user') start -= 1;
  for (let at = start - 1; at >= head && left > 0; at -= 1) {
    if (messages[at]?.role !== 'assistant') continue;
    left -= 1;
    start = at;
    if (at > head && messages[at - 1]?.role === 'user') start -= 1;
  }
  return Math.max(start, head);
}

function trimmed(
  message: Extract<Message, { role: 'tool' }>,
  call: { readonly name: string; readonly arguments: string } | undefined,
): Message {
  const { length } = message.content;
  if (length < MIN_TRIMMED_CHARS) return message;
  const shown = call && headChars(call.arguments, MAX_SHOWN_ARGUMENTS);
  const what = call ? ` of ${call.name} ${shown}${shown === call.arguments ? '' : '…'}` : '';
  const content = `[output${what} left out: ${length.toLocaleString('en-US')} characters; if you need it, call again, for less at a time]`;
  return { ...message, content };
}

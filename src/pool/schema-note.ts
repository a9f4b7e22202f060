import type { Message, UserContent } from '../model/message.ts';
import type { OutputSchema } from '../model/model.ts';

/**
 * The messages, with what the answer is to be said in words: in the last of the user's, where models heed it most, and not as a
 * message of its own, which some providers refuse after another of the user's or after a tool's result.
 */
export function withSchemaNote(messages: readonly Message[], schema: OutputSchema): readonly Message[] {
  const note =
    'When you are done, answer with JSON that fits this JSON Schema, and with nothing else: ' +
    `no other text before or after it, no Markdown.\n\n${schema.json}`;
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const message = messages[at];
  if (message?.role !== 'user') return [...messages, { role: 'user', content: note }];
  return messages.with(at, { role: 'user', content: withText(message.content, note) });
}

function withText(content: UserContent, text: string): UserContent {
  if (typeof content === 'string') return `${content}\n\n${text}`;
  return [...content, { type: 'text', text }];
}

import type { Dialect } from './dialect.ts';
import { callOf, ownReasoning, sourceKey, takenContent, toolCallId } from './dialect-parts.ts';
import type { Message, ModelSource, UserContent } from './message.ts';
import type { Quirks } from './quirks.ts';

/** What the results of calls that are no functions are called, and how they say that they went well. */
const OUTPUT_TYPES: Readonly<Record<string, string>> = {
  custom_tool_call: 'custom_tool_call_output',
  apply_patch_call: 'apply_patch_call_output',
};

/** Input items of the Responses API. What a message came in goes back as it came; of all others, items are made. */
export function responsesDialect(quirks: Quirks, from: ModelSource): Dialect {
  return {
    key: ['responses', quirks.developerRole, quirks.toolCallIds, quirks.images, sourceKey(quirks, from)].join(
      ' ',
    ),
    encode: (messages, at) =>
      itemsOf(messages, at, quirks, from)
        .map((item) => JSON.stringify(item))
        .join(','),
  };
}

function itemsOf(
  messages: readonly Message[],
  at: number,
  quirks: Quirks,
  from: ModelSource,
): readonly unknown[] {
  const message = messages[at]!;
  switch (message.role) {
    case 'system':
      return [item(quirks.developerRole ? 'developer' : 'system', message.content)];
    case 'user':
      return [item('user', inputOf(takenContent(message.content, quirks)))];
    case 'assistant': {
      const kept = itemsBack(message, quirks, from);
      if (kept) return kept;
      const said = message.content ? [item('assistant', message.content)] : [];
      const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({
        type: 'function_call',
        call_id: toolCallId(id, quirks.toolCallIds),
        name,
        arguments: text,
      }));
      return [...said, ...calls];
    }
    case 'tool': {
      const { tool_call_id: id, content } = message;
      const made = callOf(messages, at, id);
      const kept = made && itemsBack(made.message, quirks, from);
      if (!kept) {
        return [
          { type: 'function_call_output', call_id: toolCallId(id, quirks.toolCallIds), output: content },
        ];
      }
      const type = kept.find((candidate) => candidate.call_id === id)?.type ?? '';
      const isPatch = type === 'apply_patch_call';
      return [
        {
          type: OUTPUT_TYPES[type] ?? 'function_call_output',
          call_id: id,
          // Whether it failed is in its text only, and the model reads that.
          ...(isPatch && { status: 'completed' }),
          output: content,
        },
      ];
    }
  }
}

interface KeptItem {
  readonly type?: string;
  readonly call_id?: string;
}

function itemsBack(
  message: Extract<Message, { role: 'assistant' }>,
  { reasoningBack }: Quirks,
  from: ModelSource,
): readonly KeptItem[] | undefined {
  if (reasoningBack !== 'output_items') return undefined;
  const details = ownReasoning(message, from)?.details as readonly KeptItem[] | undefined;
  return details && details.length > 0 ? details : undefined;
}

/** Parts are called otherwise here. */
function inputOf(content: UserContent): string | readonly object[] {
  if (typeof content === 'string') return content;
  return content.map((part) =>
    part.type === 'text'
      ? { type: 'input_text', text: part.text }
      : { type: 'input_image', image_url: part.image_url.url },
  );
}

function item(role: string, content: string | readonly object[]): object {
  return { type: 'message', role, content };
}

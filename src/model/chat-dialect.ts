import type { Dialect } from './dialect.ts';
import { callOf, ownReasoning, sourceKey, takenContent, toolCallId } from './dialect-parts.ts';
import type { Message, ModelSource, UserContent } from './message.ts';
import type { Quirks } from './quirks.ts';

/** Stands between a tool's result and a user's message where a provider wants an assistant to have spoken. */
const BETWEEN = JSON.stringify({ role: 'assistant', content: 'I have seen the results.' });

interface Fields {
  readonly content: UserContent | null;
  readonly [name: string]: unknown;
}
const MARK = { type: 'ephemeral' };

/** Messages of Chat Completions, as the provider behind these quirks takes them. */
export function chatDialect(quirks: Quirks, from: ModelSource): Dialect {
  const { developerRole, toolResultName, assistantAfterTool, toolCallIds, cacheControl, images } = quirks;
  const key = ['chat', developerRole, toolResultName, assistantAfterTool, toolCallIds, cacheControl, images];
  const isMarked = cacheControl === 'anthropic';

  const written = (messages: readonly Message[], at: number, isLast: boolean): string => {
    const message = messages[at]!;
    const fields = chatFields(messages, at, quirks, from);
    const json = JSON.stringify(isLast || (isMarked && message.role === 'system') ? marked(fields) : fields);
    const isAfterTool = message.role === 'user' && messages[at - 1]?.role === 'tool';
    return assistantAfterTool && isAfterTool ? `${BETWEEN},${json}` : json;
  };

  return {
    key: [...key, sourceKey(quirks, from)].join(' '),
    encode: (messages, at) => written(messages, at, false),
    ...(isMarked && { encodeLast: (messages, at) => written(messages, at, true) }),
  };
}

function chatFields(messages: readonly Message[], at: number, quirks: Quirks, from: ModelSource): Fields {
  const message = messages[at]!;
  const ids = quirks.toolCallIds;
  switch (message.role) {
    case 'system':
      return quirks.developerRole ? { ...message, role: 'developer' } : message;
    case 'user':
      return { ...message, content: takenContent(message.content, quirks) };
    case 'assistant': {
      const { reasoning: _, ...plain } = message;
      const tool_calls = plain.tool_calls?.map((call) => ({ ...call, id: toolCallId(call.id, ids) }));
      return { ...plain, ...(tool_calls && { tool_calls }), ...reasoningFields(message, quirks, from) };
    }
    case 'tool': {
      const tool_call_id = toolCallId(message.tool_call_id, ids);
      const name = quirks.toolResultName && callOf(messages, at, message.tool_call_id)?.call.function.name;
      return { ...message, tool_call_id, ...(name !== undefined && name !== false && { name }) };
    }
  }
}

function reasoningFields(
  message: Extract<Message, { role: 'assistant' }>,
  { reasoningBack }: Quirks,
  from: ModelSource,
): object {
  const own = ownReasoning(message, from);
  switch (reasoningBack) {
    case 'reasoning_content':
      // Demanded with calls even where there was none, or where another model made them.
      return own?.text || message.tool_calls ? { reasoning_content: own?.text ?? '' } : {};
    case 'reasoning':
      return own?.text ? { reasoning: own.text } : {};
    case 'reasoning_details':
      return own && own.details.length > 0 ? { reasoning_details: own.details } : {};
    case 'none':
    case 'output_items':
      return {};
  }
}

/** With a mark on its last text: the prompt up to there is cached. A mark on no text is refused. */
function marked(fields: Fields): object {
  const { content } = fields;
  if (!content) return fields;
  const parts: readonly object[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const last = parts.findLastIndex((part) => 'text' in part && part.text !== '');
  if (last < 0) return fields;
  return { ...fields, content: parts.with(last, { ...parts[last], cache_control: MARK }) };
}

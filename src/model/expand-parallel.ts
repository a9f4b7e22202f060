import type { ToolCall } from '../tools/tool.ts';
import type { ModelResponse } from './model.ts';

/** Names under which models of OpenAI wrap several calls in one: they were trained on a tool that is offered nowhere. */
const WRAPPERS = ['parallel', 'multi_tool_use.parallel'];
const PREFIX = 'functions.';

interface ToolUse {
  readonly recipient_name: string;
  readonly parameters: object;
}

/**
 * Takes calls out of their wrapper, each with an id of its own: the wrapper's and a number. One that holds anything else is a
 * call like any other, and the model is told that there is no such tool.
 * @param tools  what was offered, as JSON: a tool of that name is no wrapper
 */
export function expandParallel(response: ModelResponse, tools: string | null): ModelResponse {
  const isWrapper = ({ name }: ToolCall): boolean =>
    WRAPPERS.includes(name) && !tools?.includes(`"name":${JSON.stringify(name)}`);
  if (!response.toolCalls.some(isWrapper)) return response;
  const inside = new Map(
    response.toolCalls.flatMap((call) => {
      const calls = isWrapper(call) ? wrapped(call) : undefined;
      return calls ? [[call.id, calls] as const] : [];
    }),
  );
  if (inside.size === 0) return response;
  const { reasoningDetails } = response;
  return {
    ...response,
    toolCalls: response.toolCalls.flatMap((call) => inside.get(call.id) ?? call),
    ...(reasoningDetails && {
      reasoningDetails: reasoningDetails.flatMap((item) => unwrapped(item, inside)),
    }),
  };
}

function wrapped({ id, arguments: text }: ToolCall): ToolCall[] | undefined {
  let uses: unknown;
  try {
    uses = (JSON.parse(text) as { tool_uses?: unknown } | null)?.tool_uses;
  } catch {
    return undefined;
  }
  if (!Array.isArray(uses) || uses.length === 0 || !uses.every(isToolUse)) return undefined;
  return uses.map(({ recipient_name: name, parameters }, index) => ({
    id: `${id}-${index + 1}`,
    name: name.slice(PREFIX.length),
    arguments: JSON.stringify(parameters),
  }));
}

function isToolUse(use: unknown): use is ToolUse {
  const { recipient_name: name, parameters } = (use ?? {}) as Partial<ToolUse>;
  return (
    typeof name === 'string' &&
    name.startsWith(PREFIX) &&
    typeof parameters === 'object' &&
    parameters !== null
  );
}

/** The item of a wrapper goes back as the calls that were made of it: each result needs a call of its id. */
function unwrapped(item: unknown, inside: ReadonlyMap<string, readonly ToolCall[]>): readonly unknown[] {
  const calls = inside.get(String((item as { call_id?: unknown } | null)?.call_id));
  if (!calls) return [item];
  return calls.map(({ id, name, arguments: text }) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: text,
  }));
}

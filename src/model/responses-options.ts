import type { Quirks } from './quirks.ts';

type Options = Readonly<Record<string, unknown>>;

const ENCRYPTED = 'reasoning.encrypted_content';

/**
 * Options as the Responses API has them: those of Chat Completions that it calls otherwise are translated, those that it lacks
 * are left out, all others go as they are.
 */
export function responsesOptions(options: Options, quirks: Quirks): Options {
  const {
    max_tokens,
    max_completion_tokens = max_tokens,
    max_output_tokens = max_completion_tokens,
    reasoning_effort,
    reasoning,
    response_format,
    verbosity,
    text,
    tool_choice,
    parallel_tool_calls,
    include,
    stream_options: _,
    ...others
  } = options;
  return {
    store: false,
    ...others,
    max_output_tokens,
    reasoning: merged({ effort: reasoning_effort }, reasoning),
    text: merged({ format: flatFormat(response_format), verbosity }, text),
    tool_choice: flatChoice(tool_choice),
    parallel_tool_calls: quirks.parallelToolCalls ? parallel_tool_calls : undefined,
    include: quirks.encryptedReasoning ? including(include) : include,
  };
}

/** `{ type, json_schema: { … } }` is flat there. */
function flatFormat(format: unknown): unknown {
  if (!isRecord(format) || !isRecord(format['json_schema'])) return format;
  return { type: format['type'], ...format['json_schema'] };
}

function flatChoice(choice: unknown): unknown {
  if (!isRecord(choice) || !isRecord(choice['function'])) return choice;
  return { type: choice['type'], ...choice['function'] };
}

/** What was set there by its own name counts more. Undefined when nothing was set. */
function merged(translated: Options, own: unknown): unknown {
  const set = Object.entries(translated).filter(([, value]) => value !== undefined);
  if (own !== undefined && !isRecord(own)) return own;
  return set.length === 0 ? own : { ...Object.fromEntries(set), ...own };
}

function including(include: unknown): unknown {
  if (include === undefined) return [ENCRYPTED];
  return Array.isArray(include) && !include.includes(ENCRYPTED) ? [...include, ENCRYPTED] : include;
}

function isRecord(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

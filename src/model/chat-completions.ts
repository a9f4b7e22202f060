import { ChatAccumulator } from './chat-accumulator.ts';
import { RESERVED_FIELDS, type ModelRequest, type ResolvedProvider } from './model.ts';
import { ProviderClient, type Protocol, type ProviderClientOptions } from './provider-client.ts';
import type { Quirks } from './quirks.ts';
import { responseFormat } from './response-format.ts';

const CHAT_PROTOCOL: Protocol = {
  api: 'chat',
  path: '/chat/completions',
  body: requestBody,
  accumulator: () => new ChatAccumulator(),
};

/** A provider that speaks Chat Completions. */
export class ChatCompletions extends ProviderClient {
  constructor(provider: ResolvedProvider, options: ProviderClientOptions) {
    super(CHAT_PROTOCOL, provider, options);
  }
}

/** What sessions share comes first and the conversation last: providers cache the prompts of requests that begin alike. */
function requestBody(request: ModelRequest, quirks: Quirks): string {
  const { options } = request;
  const fields = [`"model":${JSON.stringify(request.model)}`, '"stream":true'];
  if (options['stream_options'] === undefined && quirks.usageInStream) {
    fields.push('"stream_options":{"include_usage":true}');
  }
  const format = request.schema && responseFormat(request.schema, quirks.responseFormat);
  if (format !== undefined) fields.push(`"response_format":${format}`);
  for (const [key, value] of Object.entries(options)) {
    const name = nameOf(key, options, quirks);
    if (value !== undefined && name !== undefined)
      fields.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  }
  if (request.tools !== null) fields.push(`"tools":${request.tools}`);
  return `{${fields.join(',')},"messages":[${request.messages}]}`;
}

/** What an option is called there; undefined where it is not sent. */
function nameOf(key: string, options: ModelRequest['options'], quirks: Quirks): string | undefined {
  if (RESERVED_FIELDS.includes(key)) return undefined;
  if (key === 'parallel_tool_calls' && !quirks.parallelToolCalls) return undefined;
  if (key !== 'max_tokens' && key !== 'max_completion_tokens') return key;
  if (quirks.tokenField === 'any' || key === quirks.tokenField) return key;
  // Of two that say the same, the one that is understood.
  return options[quirks.tokenField] === undefined ? quirks.tokenField : undefined;
}

import { RESERVED_FIELDS, type ModelRequest, type ResolvedProvider } from './model.ts';
import { ProviderClient, type Protocol, type ProviderClientOptions } from './provider-client.ts';
import type { Quirks } from './quirks.ts';
import { responseFormat } from './response-format.ts';
import { ResponsesAccumulator } from './responses-accumulator.ts';
import { responsesOptions } from './responses-options.ts';

const RESPONSES_PROTOCOL: Protocol = {
  api: 'responses',
  path: '/responses',
  body: requestBody,
  accumulator: () => new ResponsesAccumulator(),
};

/**
 * A provider that speaks OpenAI's Responses API. Nothing is kept there: each request brings the whole conversation, with the
 * reasoning that came encrypted.
 */
export class Responses extends ProviderClient {
  constructor(provider: ResolvedProvider, options: ProviderClientOptions) {
    super(RESPONSES_PROTOCOL, provider, options);
  }
}

/** What sessions share comes first and the conversation last: providers cache the prompts of requests that begin alike. */
function requestBody(request: ModelRequest, quirks: Quirks): string {
  const options = responsesOptions(optionsOf(request, quirks), quirks);
  const fields = [`"model":${JSON.stringify(request.model)}`, '"stream":true'];
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && !RESERVED_FIELDS.includes(key)) {
      fields.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
    }
  }
  if (request.tools !== null) fields.push(`"tools":${flatTools(request.tools, quirks.strict)}`);
  return `{${fields.join(',')},"input":[${request.messages}]}`;
}

function optionsOf({ options, schema }: ModelRequest, quirks: Quirks): ModelRequest['options'] {
  if (!schema) return options;
  const format = responseFormat(schema, quirks.responseFormat);
  return { ...options, response_format: format === undefined ? undefined : (JSON.parse(format) as unknown) };
}

interface Flattened {
  readonly tools: string;
  readonly strict: boolean;
  readonly flat: string;
}

/** The tools of the latest request: those of a batch are all the same. */
let latest: Flattened | undefined;

/** Chat Completions' tools as the Responses API has them. There functions are strict unless they say that they are not. */
function flatTools(tools: string, strict: boolean): string {
  if (latest?.tools !== tools || latest.strict !== strict) {
    const all = JSON.parse(tools) as readonly { readonly function: object }[];
    const flat = all.map((tool) => ({
      type: 'function',
      ...(strict && { strict: false }),
      ...tool.function,
    }));
    latest = { tools, strict, flat: JSON.stringify(flat) };
  }
  return latest.flat;
}

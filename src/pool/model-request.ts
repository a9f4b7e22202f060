import type { LaneId } from '../gate/admission.ts';
import { Conversation } from '../journal/conversation.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import { weighedLength } from '../model/content.ts';
import { dialectOf, type Dialect } from '../model/dialect.ts';
import type { Message } from '../model/message.ts';
import type { ModelRequest, ResolvedProvider } from '../model/model.ts';
import { quirksOf, type Quirks } from '../model/quirks.ts';
import { cacheablePrefix } from './cacheable-prefix.ts';
import type { TargetedRequest } from './model-turn.ts';
import { withSchemaNote } from './schema-note.ts';

/** Providers of models that sessions were admitted with. */
export interface ModelProviders {
  get(name: string): ResolvedProvider;
  /** Where requests to a model stand in line. @param model  `provider:name` */
  lane(model: string): LaneId;
  /** Whether the model's provider has not refused a schema yet. */
  takesSchema(model: string): boolean;
  /** It has refused one. */
  schemaRefused(model: string): void;
}

/** What a session asks next. @param model  `provider:name` of one that it may ask */
export function modelRequest(
  record: SessionRecord,
  model: string,
  providers: ModelProviders,
): TargetedRequest {
  const target = targetOf(model, providers);
  const { dialect } = target;
  const schema = record.active?.schema;
  const isSent = schema !== undefined && target.responseFormat !== 'none' && providers.takesSchema(model);
  const isSaid = schema !== undefined && !(isSent && target.responseFormat === 'json_schema');
  return targeted(model, target, providers, cacheablePrefix(record, model), {
    model: target.name,
    messages: isSaid
      ? encoded(withSchemaNote(record.conversation.sent, schema), dialect)
      : record.conversation.encoded(dialect),
    tools: record.opening?.tools ?? null,
    options: record.spec.modelOptions,
    ...(isSent ? { schema } : {}),
  });
}

/** Messages that are sent once: nothing of it is kept. */
function encoded(messages: readonly Message[], dialect: Dialect): string {
  // A conversation of its own: its last message is written as that of any other.
  const conversation = new Conversation();
  conversation.restore(0, messages);
  return conversation.encoded(dialect);
}

/** Options of a request that make sense for a session's own turns only. */
const TURN_OPTIONS = ['tool_choice', 'parallel_tool_calls', 'response_format', 'functions', 'function_call'];

/** A model asked something else: messages of its own, no tools, and an answer in prose. */
export function sideRequest(
  record: SessionRecord,
  model: string,
  providers: ModelProviders,
  messages: readonly Message[],
): TargetedRequest {
  const target = targetOf(model, providers);
  const options = Object.entries(record.spec.modelOptions).filter(([name]) => !TURN_OPTIONS.includes(name));
  return targeted(model, target, providers, undefined, {
    model: target.name,
    messages: encoded(messages, target.dialect),
    tools: null,
    options: Object.fromEntries(options),
  });
}

/** A model, and how it wants its conversations written. */
interface Target {
  readonly provider: string;
  /** The provider's own. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly responseFormat: Quirks['responseFormat'];
}

function targetOf(model: string, providers: ModelProviders): Target {
  const colon = model.indexOf(':');
  const provider = model.slice(0, colon);
  const name = model.slice(colon + 1);
  const quirks = quirksOf(providers.get(provider), name);
  const dialect = dialectOf(quirks, { provider, model: name });
  return { provider, name, dialect, responseFormat: quirks.responseFormat };
}

function targeted(
  model: string,
  { provider }: Target,
  providers: ModelProviders,
  prefix: string | undefined,
  request: ModelRequest,
): TargetedRequest {
  return {
    provider,
    lane: providers.lane(model),
    request,
    estimatedTokens: estimatedTokens(request),
    prefix,
  };
}

/** About four characters a token, and the answer at its longest, which is what providers count before there is one. */
function estimatedTokens({ messages, tools, options }: ModelRequest): number {
  const most = options['max_completion_tokens'] ?? options['max_tokens'] ?? options['max_output_tokens'];
  const answer = typeof most === 'number' && most > 0 ? most : 0;
  return Math.ceil((weighedLength(messages) + (tools?.length ?? 0)) / 4) + answer;
}

import type { ContextBook } from '../context/context-book.ts';
import { weightOf, weightOfMessages } from '../context/estimate.ts';
import { answerLimit } from '../context/room.ts';
import type { LaneId } from '../gate/admission.ts';
import { Conversation } from '../journal/conversation.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import { dialectOf, type Dialect } from '../model/dialect.ts';
import type { Message } from '../model/message.ts';
import type { ResolvedProvider } from '../model/model.ts';
import { quirksOf, type Quirks } from '../model/quirks.ts';
import { withoutFormat } from '../model/response-format.ts';
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

/** What a request is made with, and estimated by. */
export interface RequestPorts {
  readonly providers: ModelProviders;
  readonly context: ContextBook;
}

/** What a session asks next. @param model  `provider:name` of one that it may ask */
export function modelRequest(record: SessionRecord, model: string, ports: RequestPorts): TargetedRequest {
  const { providers } = ports;
  const target = targetOf(model, providers);
  const { dialect } = target;
  const schema = record.active?.schema;
  const isSent = schema !== undefined && target.responseFormat !== 'none' && providers.takesSchema(model);
  const isSaid = schema !== undefined && !(isSent && target.responseFormat === 'json_schema');
  const { sent } = record.conversation;
  const conversation = isSaid ? withSchemaNote(sent, schema) : sent;
  return {
    provider: target.provider,
    lane: providers.lane(model),
    conversation,
    request: {
      model: target.name,
      messages: isSaid ? encoded(conversation, dialect) : record.conversation.encoded(dialect),
      tools: record.opening?.tools ?? null,
      // A prompt's own schema counts, however the provider is told it.
      options: schema ? withoutFormat(record.spec.modelOptions) : record.spec.modelOptions,
      ...(isSent ? { schema } : {}),
    },
    // A schema costs about the same in words and as a field of its own.
    estimatedTokens: estimatedTokens(
      record,
      model,
      ports,
      record.sentWeight + (schema ? weightOf(schema.json) : 0),
    ),
    prefix: cacheablePrefix(record, model),
  };
}

/** Messages that are sent once: nothing of it is kept. */
function encoded(messages: readonly Message[], dialect: Dialect): string {
  // A conversation of its own: its last message is written as that of any other.
  const conversation = new Conversation();
  conversation.restore(0, messages);
  return conversation.encoded(dialect);
}

/** Options of a request that make sense for a session's own turns only. */
const TURN_OPTIONS = ['tool_choice', 'parallel_tool_calls', 'functions', 'function_call'];

/** A model asked something else: messages of its own, no tools, and an answer in prose. */
export function sideRequest(
  record: SessionRecord,
  model: string,
  ports: RequestPorts,
  messages: readonly Message[],
): TargetedRequest {
  const { providers } = ports;
  const target = targetOf(model, providers);
  const options = Object.entries(withoutFormat(record.spec.modelOptions)).filter(
    ([name]) => !TURN_OPTIONS.includes(name),
  );
  return {
    provider: target.provider,
    lane: providers.lane(model),
    conversation: messages,
    request: {
      model: target.name,
      messages: encoded(messages, target.dialect),
      tools: null,
      options: Object.fromEntries(options),
    },
    estimatedTokens: estimatedTokens(record, model, ports, weightOfMessages(messages)),
    prefix: undefined,
  };
}

/** A model, and how it wants its conversations written. */
interface Target {
  readonly provider: string;
  /** The provider's own. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly responseFormat: Quirks['responseFormat'];
}

/** By quirks, which are a provider's and a model's own. */
const targets = new WeakMap<Quirks, Target>();

function targetOf(model: string, providers: ModelProviders): Target {
  const colon = model.indexOf(':');
  const provider = model.slice(0, colon);
  const name = model.slice(colon + 1);
  const quirks = quirksOf(providers.get(provider), name);
  const known = targets.get(quirks);
  if (known) return known;
  const dialect = dialectOf(quirks, { provider, model: name });
  const target = { provider, name, dialect, responseFormat: quirks.responseFormat };
  targets.set(quirks, target);
  return target;
}

/**
 * What is sent, by what is known of the model, and the answer at its longest: providers count that before there is one.
 * @param sentWeight  see `weightOf`
 */
function estimatedTokens(
  { spec, charsPerToken }: SessionRecord,
  model: string,
  { context }: RequestPorts,
  sentWeight: number,
): number {
  // A conversation's own figure is of its own model's tokens.
  const weighed = { sentWeight, charsPerToken: model === spec.model ? charsPerToken : null };
  return context.tokensOf(model, weighed) + answerLimit(spec.modelOptions);
}

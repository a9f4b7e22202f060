import type { LaneId } from '../gate/admission.ts';
import { Conversation } from '../journal/conversation.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import { dialectOf, type Dialect } from '../model/dialect.ts';
import type { Message } from '../model/message.ts';
import type { ModelRequest, ResolvedProvider } from '../model/model.ts';
import { quirksOf } from '../model/quirks.ts';
import { cacheablePrefix } from './cacheable-prefix.ts';
import type { TargetedRequest } from './model-turn.ts';

/** Providers of models that sessions were admitted with. */
export interface ModelProviders {
  get(name: string): ResolvedProvider;
  /** Where requests to a model stand in line. @param model  `provider:name` */
  lane(model: string): LaneId;
}

/** What a session asks next. @param model  `provider:name` of one that it may ask */
export function modelRequest(
  record: SessionRecord,
  model: string,
  providers: ModelProviders,
): TargetedRequest {
  const target = targetOf(model, providers);
  return targeted(model, target, providers, cacheablePrefix(record, model), {
    model: target.name,
    messages: record.conversation.encoded(target.dialect),
    tools: record.opening?.tools ?? null,
    options: record.spec.modelOptions,
    ...(record.active?.schema ? { schema: record.active.schema } : {}),
  });
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
  // A conversation of its own: its last message is written as that of any other.
  const conversation = new Conversation();
  conversation.restore(0, messages);
  return targeted(model, target, providers, undefined, {
    model: target.name,
    messages: conversation.encoded(target.dialect),
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
}

function targetOf(model: string, providers: ModelProviders): Target {
  const colon = model.indexOf(':');
  const provider = model.slice(0, colon);
  const name = model.slice(colon + 1);
  const dialect = dialectOf(quirksOf(providers.get(provider), name), { provider, model: name });
  return { provider, name, dialect };
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
  return Math.ceil((messages.length + (tools?.length ?? 0)) / 4) + answer;
}

import { ModelError } from '../errors.ts';
import { retryDelayMs, type RetryPolicy } from '../gate/retry.ts';
import { Conversation } from '../journal/conversation.ts';
import type { SessionRecord } from '../journal/session-record.ts';
import { dialectOf, type Dialect } from '../model/dialect.ts';
import type { Message } from '../model/message.ts';
import type { ModelCallOrigin, ModelRequest, ModelResponse, ResolvedProvider } from '../model/model.ts';
import { quirksOf } from '../model/quirks.ts';
import type { Clock } from '../clock.ts';
import type { SessionEventBody } from './events.ts';
import type { ModelCaller, OnText } from './model-caller.ts';
import { pause } from './pause.ts';

/**
 * One model response, with as many attempts as the policy allows. An attempt is repeated only while the model has
 * given nothing yet.
 * @throws {ModelError} @throws {BudgetReachedError}
 */
export async function modelTurn(call: {
  readonly models: ModelCaller;
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: RetryPolicy;
  readonly provider: string;
  readonly request: ModelRequest;
  readonly origin: Omit<ModelCallOrigin, 'attempt'>;
  readonly turn: number;
  /** Called right before each request. @throws {BudgetReachedError} */
  readonly assertAffordable: () => void;
  readonly signal: AbortSignal;
  readonly tell: ((event: SessionEventBody) => void) | undefined;
}): Promise<ModelResponse> {
  const { tell, turn, signal } = call;
  const onText: OnText | undefined = tell && ((kind, text) => tell({ type: kind, turn, text }));
  for (let attempt = 1; ; attempt += 1) {
    try {
      const origin = { ...call.origin, attempt };
      call.assertAffordable();
      return await call.models.complete(call.provider, call.request, { signal, origin, onText });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const delayMs = retryDelayMs(error, attempt, call.random, call.policy);
      if (delayMs === null || signal.aborted) throw error;
      tell?.({ type: 'model-retried', turn, attempt, kind: error.kind, message: error.message, delayMs });
      await pause(call.clock, delayMs, signal);
    }
  }
}

/** Options of a request that make sense for a session's own turns only. */
const TURN_OPTIONS = ['tool_choice', 'parallel_tool_calls', 'response_format', 'functions', 'function_call'];

/** The same model asked something else: messages of its own, no tools, and an answer in prose. */
export function sideRequest(
  record: SessionRecord,
  providers: ModelProviders,
  messages: readonly Message[],
): { provider: string; request: ModelRequest } {
  const { provider, model, dialect } = targetOf(record, providers);
  const options = Object.entries(record.spec.modelOptions).filter(([name]) => !TURN_OPTIONS.includes(name));
  // A conversation of its own: its last message is written as that of any other.
  const conversation = new Conversation();
  conversation.restore(0, messages);
  return {
    provider,
    request: {
      model,
      messages: conversation.encoded(dialect),
      tools: null,
      options: Object.fromEntries(options),
    },
  };
}

/** What the model is asked next, and whom. */
export function modelRequest(
  record: SessionRecord,
  providers: ModelProviders,
): { provider: string; request: ModelRequest } {
  const { provider, model, dialect } = targetOf(record, providers);
  return {
    provider,
    request: {
      model,
      messages: record.conversation.encoded(dialect),
      tools: record.opening?.tools ?? null,
      options: record.spec.modelOptions,
      ...(record.active?.schema ? { schema: record.active.schema } : {}),
    },
  };
}

/** Who is asked, and how it wants its conversations written. */
function targetOf(
  { spec }: SessionRecord,
  providers: ModelProviders,
): { provider: string; model: string; dialect: Dialect } {
  const colon = spec.model.indexOf(':');
  const provider = spec.model.slice(0, colon);
  const model = spec.model.slice(colon + 1);
  const dialect = dialectOf(quirksOf(providers.get(provider), model), { provider, model });
  return { provider, model, dialect };
}

/** Providers of models that sessions were admitted with. */
export interface ModelProviders {
  get(name: string): ResolvedProvider;
}

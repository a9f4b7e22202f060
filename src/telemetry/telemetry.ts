import type { Message } from '../model/message.ts';
import type { Cost, Usage } from '../model/model.ts';
import type { PoolEventBody } from '../pool/pool-event.ts';
import type { Redactor } from '../redactor.ts';
import type { ToolCall } from '../tools/tool.ts';
import { TraceContent } from './content.ts';
import { instruments } from './metrics.ts';
import { ATTR, OPERATION, REQUEST_OPTIONS, SPAN } from './names.ts';
import {
  context,
  hasTracing,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  tracer,
  type Attributes,
  type Context,
  type Span,
} from './otel.ts';
import { PromptTrace } from './prompt-trace.ts';
import { countSessions, type SessionCounts } from './session-counts.ts';
import { spanEventOf } from './span-event.ts';
import { providerIdentity, type ProviderIdentity } from './provider-name.ts';

export interface TelemetryParts {
  /** Record what models and tools were given and what they answered. */
  readonly recordContent: boolean;
  readonly redactor: Redactor;
  /** Where a provider is, by its name in the pool; undefined where that is not known (yet). */
  readonly baseURLOf: (provider: string) => string | undefined;
}

/** A call of a function of the caller, while it runs. */
export interface HostCallSpan {
  readonly traceparent: string | undefined;
  /** Runs with the call's span as the active one. */
  within<Result>(run: () => Result): Result;
}

interface ModelCallSpan {
  readonly span: Span;
  readonly context: Context;
  /** What the call's metrics are told apart by. */
  readonly labels: Attributes;
}

type Event<Type extends PoolEventBody['type']> = Extract<PoolEventBody, { readonly type: Type }>;

/** Waits shorter than this have no span of their own; the metrics have them all. */
const SHORTEST_WAIT_MS = 1;

/**
 * Makes spans and metrics of a pool's events, by the GenAI conventions, through the OpenTelemetry API: nothing comes of it
 * unless the program has registered an SDK. Keeps nothing but the spans that are open.
 */
export class Telemetry {
  readonly #parts: TelemetryParts;
  readonly #content: TraceContent | undefined;
  readonly #prompts = new Map<string, PromptTrace>();
  readonly #modelCalls = new Map<number, ModelCallSpan>();
  readonly #hostCalls = new Map<string, Span>();
  readonly #providers = new Map<string, ProviderIdentity>();

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    this.#content = parts.recordContent ? new TraceContent(parts.redactor) : undefined;
  }

  /** An SDK is registered, for traces or for metrics. */
  get isOn(): boolean {
    return hasTracing() || instruments() !== undefined;
  }

  /** The function, to be called later as if from here. */
  inThisContext(run: () => void): () => void {
    return hasTracing() ? context.bind(context.active(), run) : run;
  }

  traceparentOf(promptId: string): string | undefined {
    const prompt = this.#prompts.get(promptId);
    return prompt && traceparent(prompt.current);
  }

  traceparentOfCall(modelCallId: number): string | undefined {
    const call = this.#modelCalls.get(modelCallId);
    return call && traceparent(call.span);
  }

  /** @returns ends it */
  countSessions(counts: () => SessionCounts): () => void {
    // Where a meter provider is there already, nothing need happen before it can ask.
    instruments();
    return countSessions(counts);
  }

  hostCallBegan(prompt: { readonly promptId: string }, call: ToolCall): HostCallSpan {
    const within = this.#prompts.get(prompt.promptId)?.context ?? ROOT_CONTEXT;
    const span = this.#toolSpan(call, 'host', within);
    this.#hostCalls.set(`${prompt.promptId} ${call.id}`, span);
    const inside = trace.setSpan(within, span);
    return { traceparent: traceparent(span), within: (run) => context.with(inside, run) };
  }

  /** @param conversation  with `model-call-began`: what the model is asked */
  hear(event: PoolEventBody, conversation: readonly Message[] = []): void {
    switch (event.type) {
      case 'prompt-accepted':
        return this.#promptAccepted(event);
      case 'turn-began':
        return this.#prompt(event)?.turnBegan(event.turn);
      case 'turn-ended':
        return this.#prompt(event)?.turnEnded();
      case 'model-call-began':
        return this.#modelCallBegan(event, conversation);
      case 'model-call-ended':
        return this.#modelCallEnded(event);
      case 'model-retried':
        return this.#modelRetried(event);
      case 'model-fell-back':
        return this.#modelFellBack(event);
      case 'gate-waiting':
        return this.#prompt(event)?.gateWaiting(event.reason);
      case 'gate-admitted':
      case 'gate-left':
        return this.#waitedForGate(event);
      case 'step-began':
        return this.#waitedForThread(event);
      case 'step-ended':
        if (event.ranMs === null) this.#waitedForThread(event);
        return;
      case 'step-retried':
        return this.#stepRetried(event);
      case 'call-ended':
        return this.#callEnded(event);
      case 'prompt-ended':
        return this.#promptEnded(event);
      case 'prompt-left':
        return this.#promptLeft(event);
      default:
        return this.#addSpanEvent(event);
    }
  }

  #prompt({ promptId }: { readonly promptId: string | null }): PromptTrace | undefined {
    return promptId === null ? undefined : this.#prompts.get(promptId);
  }

  /** Where what happened belongs: on the turn, or on the prompt between turns. */
  #addSpanEvent(event: PoolEventBody): void {
    const prompt = 'promptId' in event ? this.#prompt(event) : undefined;
    const happened = prompt && spanEventOf(event);
    if (happened) prompt.current.addEvent(happened.name, happened.attributes);
  }

  #promptAccepted(event: Event<'prompt-accepted'>): void {
    if (!hasTracing()) return;
    const attributes: Attributes = {
      ...this.#modelLabels(event.model),
      ...(event.resumed ? { [ATTR.resumed]: true } : {}),
    };
    const caller = event.resumed ? null : context.active();
    this.#prompts.set(event.promptId, new PromptTrace(event, attributes, caller));
  }

  #modelCallBegan(event: Event<'model-call-began'>, conversation: readonly Message[]): void {
    const { name, address, port } = this.#provider(event.provider);
    const labels: Attributes = {
      [ATTR.operation]: OPERATION.chat,
      [ATTR.provider]: name,
      [ATTR.requestModel]: event.model,
      ...(address === undefined ? {} : { [ATTR.serverAddress]: address }),
      ...(port === undefined ? {} : { [ATTR.serverPort]: port }),
    };
    const within = this.#prompt(event)?.context ?? ROOT_CONTEXT;
    const span = tracer().startSpan(
      `${OPERATION.chat} ${event.model}`,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...labels,
          [ATTR.conversationId]: event.sessionId,
          [ATTR.attempt]: event.attempt,
          ...requestAttributes(event.options),
        },
      },
      within,
    );
    if (this.#content && span.isRecording()) {
      span.setAttribute(ATTR.inputMessages, this.#content.input(conversation));
    }
    this.#modelCalls.set(event.modelCallId, { span, context: within, labels });
  }

  #modelCallEnded(event: Event<'model-call-ended'>): void {
    const call = this.#modelCalls.get(event.modelCallId);
    if (!call) return;
    this.#modelCalls.delete(event.modelCallId);
    const { span } = call;
    const { response, error, firstChunkMs } = event;
    const usage = response?.usage ?? error?.usage ?? null;
    if (firstChunkMs !== null) span.setAttribute(ATTR.timeToFirstChunk, firstChunkMs / 1_000);
    if (usage) span.setAttributes(usageAttributes(usage));
    if (response) {
      span.setAttribute(ATTR.finishReasons, [response.finishReason]);
      if (response.model !== '') span.setAttribute(ATTR.responseModel, response.model);
      if (this.#content && span.isRecording())
        span.setAttribute(ATTR.outputMessages, this.#content.output(response));
    }
    if (error) {
      if (error.status !== null) span.setAttribute(ATTR.httpStatus, error.status);
      fail(span, error.kind, error.message);
    }
    span.end();
    this.#recordModelCall(call, event, usage);
  }

  #recordModelCall(
    { labels, span, context: within }: ModelCallSpan,
    { response, error, durationMs, firstChunkMs }: Event<'model-call-ended'>,
    usage: Usage | null,
  ): void {
    const on = instruments();
    if (!on) return;
    const answered: Attributes = response?.model
      ? { ...labels, [ATTR.responseModel]: response.model }
      : labels;
    // For exemplars: the metric points to the call.
    const inside = trace.setSpan(within, span);
    const ended = error ? { ...answered, [ATTR.errorType]: error.kind } : answered;
    on.operationDuration.record(durationMs / 1_000, ended, inside);
    if (firstChunkMs !== null) on.timeToFirstChunk.record(firstChunkMs / 1_000, answered, inside);
    if (!usage || usage.estimated) return;
    on.tokenUsage.record(usage.inputTokens, { ...answered, [ATTR.tokenType]: 'input' }, inside);
    on.tokenUsage.record(usage.outputTokens, { ...answered, [ATTR.tokenType]: 'output' }, inside);
  }

  #modelRetried(event: Event<'model-retried'>): void {
    this.#addSpanEvent(event);
    instruments()?.modelRetries.add(1, { ...this.#modelLabels(event.model), [ATTR.errorType]: event.kind });
  }

  #modelFellBack(event: Event<'model-fell-back'>): void {
    this.#addSpanEvent(event);
    instruments()?.modelFallbacks.add(1, {
      [ATTR.fromModel]: event.from,
      [ATTR.toModel]: event.to,
      [ATTR.errorType]: event.kind,
    });
  }

  #waitedForGate(event: Event<'gate-admitted'> | Event<'gate-left'>): void {
    const { model, waitedMs } = event;
    const errorType = event.type === 'gate-left' ? event.kind : undefined;
    const labels = this.#modelLabels(model);
    instruments()?.gateWait.record(waitedMs / 1_000, {
      ...labels,
      ...(errorType === undefined ? {} : { [ATTR.errorType]: errorType }),
    });
    const prompt = this.#prompt(event);
    const reason = prompt?.gateLeft();
    const attributes = { ...labels, ...(reason === undefined ? {} : { [ATTR.gateReason]: reason }) };
    prompt?.waited(SPAN.waitGate, waitedMs, attributes, (span) => {
      if (errorType !== undefined) fail(span, errorType, undefined);
    });
  }

  /** @param model  `provider:name` */
  #modelLabels(model: string): Attributes {
    const colon = model.indexOf(':');
    return {
      [ATTR.provider]: this.#provider(model.slice(0, colon)).name,
      [ATTR.requestModel]: model.slice(colon + 1),
    };
  }

  #waitedForThread(event: Event<'step-began'> | Event<'step-ended'>): void {
    const { waitedMs, stepId } = event;
    instruments()?.threadWait.record(waitedMs / 1_000);
    if (waitedMs >= SHORTEST_WAIT_MS) {
      this.#prompt(event)?.waited(SPAN.waitThread, waitedMs, { [ATTR.stepId]: stepId });
    }
  }

  #stepRetried(event: Event<'step-retried'>): void {
    this.#addSpanEvent(event);
    instruments()?.stepRetries.add(1, { [ATTR.reason]: event.reason });
  }

  #callEnded(event: Event<'call-ended'>): void {
    const { callId: id, name, arguments: args, place, startEpochMs, endEpochMs } = event;
    const hostKey = `${event.promptId} ${id}`;
    const running = this.#hostCalls.get(hostKey);
    this.#hostCalls.delete(hostKey);
    const prompt = this.#prompt(event);
    if (!running && !prompt) return;
    const span =
      running ?? this.#toolSpan({ id, name, arguments: args }, place, prompt!.context, startEpochMs);
    if (event.isError) fail(span, event.settledAs ?? 'tool_error', undefined);
    if (this.#content && span.isRecording())
      span.setAttribute(ATTR.toolResult, this.#content.text(event.content));
    span.end(running ? undefined : endEpochMs);
  }

  #toolSpan(call: ToolCall, place: string, within: Context, startTime?: number): Span {
    return tracer().startSpan(
      `${OPERATION.executeTool} ${call.name}`,
      {
        kind: SpanKind.INTERNAL,
        ...(startTime === undefined ? {} : { startTime }),
        attributes: {
          [ATTR.operation]: OPERATION.executeTool,
          [ATTR.toolName]: call.name,
          [ATTR.toolType]: 'function',
          [ATTR.toolCallId]: call.id,
          [ATTR.toolPlace]: place,
          ...(this.#content ? { [ATTR.toolArguments]: this.#content.json(call.arguments) } : {}),
        },
      },
      within,
    );
  }

  #promptEnded(event: Event<'prompt-ended'>): void {
    const prompt = this.#prompts.get(event.promptId);
    if (!prompt) return;
    this.#prompts.delete(event.promptId);
    const { stopReason, error, turns, usage } = event.result;
    const { span } = prompt;
    span.setAttributes({ [ATTR.stopReason]: stopReason, [ATTR.turns]: turns, ...usageAttributes(usage) });
    if (error) fail(span, error.kind ?? error.code, error.message);
    else if (stopReason === 'timeout') fail(span, 'timeout', undefined);
    prompt.end();
  }

  #promptLeft(event: Event<'prompt-left'>): void {
    const prompt = this.#prompts.get(event.promptId);
    if (!prompt) return;
    this.#prompts.delete(event.promptId);
    prompt.span.setAttribute(ATTR.stopReason, event.reason);
    if (event.reason === 'failed') fail(prompt.span, 'store_failed', undefined);
    prompt.end();
  }

  #provider(name: string): ProviderIdentity {
    let identity = this.#providers.get(name);
    if (!identity) {
      const baseURL = this.#parts.baseURLOf(name);
      if (baseURL === undefined) return { name };
      identity = providerIdentity(name, baseURL);
      this.#providers.set(name, identity);
    }
    return identity;
  }
}

/** What was cancelled has an error type, so that it can be told apart, and is no error. */
function fail(span: Span, errorType: string, message: string | undefined): void {
  span.setAttribute(ATTR.errorType, errorType);
  if (errorType === 'cancelled') return;
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
}

/** W3C, version 00. */
function traceparent(span: Span): string | undefined {
  const spanContext = span.spanContext();
  if (!isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function requestAttributes(options: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = {};
  for (const [option, key] of Object.entries(REQUEST_OPTIONS)) {
    const value = options[option];
    if (typeof value === 'number') attributes[key] = value;
  }
  return attributes;
}

function usageAttributes(usage: Usage): Attributes {
  const cost = costAttributes(usage.cost);
  if (usage.estimated) return { ...cost, [ATTR.usageEstimated]: true };
  return {
    ...cost,
    [ATTR.inputTokens]: usage.inputTokens,
    [ATTR.outputTokens]: usage.outputTokens,
    [ATTR.cacheReadTokens]: usage.cachedTokens,
    [ATTR.cacheCreationTokens]: usage.cacheWriteTokens,
    [ATTR.reasoningTokens]: usage.reasoningTokens,
  };
}

/** What is not known whole is not told: a part would pass for all. */
function costAttributes({ usd, unpriced }: Cost): Attributes {
  return usd === null || unpriced > 0 ? {} : { [ATTR.costUsd]: usd };
}

import { ModelError } from '../errors.ts';
import type { LaneId, Permit } from '../gate/admission.ts';
import type { Gate } from '../gate/gate.ts';
import { retryDelayMs, type RetryPolicy } from '../gate/retry.ts';
import { addFailedAttempt, type FailedAttempt } from '../journal/failed-attempts.ts';
import type { Message } from '../model/message.ts';
import { isSchemaRefusal } from '../model/schema-refusal.ts';
import type { ModelCallOrigin, ModelRequest, ModelResponse, Priority, Usage } from '../model/model.ts';
import type { Clock } from '../clock.ts';
import type { SessionEventBody } from './events.ts';
import type { ModelCaller, OnText } from './model-caller.ts';
import { pause } from './pause.ts';

/** One model response that is wanted. */
export interface ModelTurn {
  readonly calls: ModelCalls;
  readonly sessionId: string;
  /** Who is asked, as `provider:name`: each one when those before it gave no answer. */
  readonly candidates: readonly string[];
  /** What a candidate is asked. */
  readonly requestTo: (model: string) => TargetedRequest;
  /** The candidate's provider takes no schema: what it is asked from now on says in words what the answer is to be. */
  readonly schemaRefused: (model: string) => void;
  /** Has less sent, where the window of a fallback asks for it. @returns whether the conversation fits now */
  readonly fitsInto: (model: string) => Promise<boolean>;
  /** Gets whose window it was, before a turn fails with `context-length`. */
  readonly tooLongFor: (model: string) => void;
  readonly priority: Priority;
  readonly origin: Omit<ModelCallOrigin, 'attempt'>;
  readonly turn: number;
  /** Called right before each request. @throws {BudgetReachedError} */
  readonly assertAffordable: () => void;
  readonly signal: AbortSignal;
  readonly tell: (event: SessionEventBody) => void;
  /** Text is told as it comes. */
  readonly showsText: boolean;
  /** Gets the attempts that came to nothing, whatever comes of the turn. */
  readonly failedAttempts: FailedAttempt[];
  /** Gets what each of them has used; returns it with what it cost. */
  readonly charge: (usage: Usage, model: string) => Usage;
}

/** What calls of models are made with. */
export interface ModelCalls {
  readonly models: ModelCaller;
  /** What every request to a model passes. */
  readonly gate: Gate;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retryPolicy: RetryPolicy;
}

/** A request, and where it goes. */
export interface TargetedRequest {
  readonly provider: string;
  readonly lane: LaneId;
  readonly request: ModelRequest;
  /** What its messages say, as it is sent. */
  readonly conversation: readonly Message[];
  /** What the provider will count when it lets the request through, roughly. */
  readonly estimatedTokens: number;
  /** Hash of what it begins with, where a provider may cache that. */
  readonly prefix: string | undefined;
}

/** A response, and which model gave it. */
export interface ModelAnswer {
  readonly response: ModelResponse;
  /** `provider:name`. */
  readonly model: string;
}

/**
 * One model response: from the session's model, with as many attempts as the policy allows, and else from the first of its
 * fallbacks that gives one. Nothing of an attempt that failed is used, shown as it may have been: it is in no journal and no
 * tool has run on it, so it can be made again.
 * @throws {ModelError} the last one
 * @throws {BudgetReachedError}
 */
export async function modelTurn(call: ModelTurn): Promise<ModelAnswer> {
  const fallbacks = [...call.candidates];
  let model = fallbacks.shift();
  while (model !== undefined) {
    const last: LastAttempt = { isShown: false };
    try {
      return { response: await askModel(call, model, { hasAlternative: fallbacks.length > 0, last }), model };
    } catch (error) {
      if (!(error instanceof ModelError) || call.signal.aborted) throw error;
      const { kind, message } = error;
      // There is a better answer to that: asking for less.
      if (kind === 'context-length') call.tooLongFor(model);
      // What is in no recording is in no other model's. And a gate that is closed is so for all.
      if (kind === 'context-length' || kind === 'not-recorded' || kind === 'cancelled') throw error;
      const next = await nextOf(fallbacks, call);
      if (next === undefined) throw error;
      const discarded = last.isShown;
      call.tell({
        type: 'model-fell-back',
        turn: call.turn,
        from: model,
        to: next,
        kind,
        message,
        discarded,
      });
      model = next;
    }
  }
  throw new TypeError('there is nobody to ask');
}

/** Takes the first of the fallbacks that the conversation fits into; those before it would only refuse it. */
async function nextOf(fallbacks: string[], call: ModelTurn): Promise<string | undefined> {
  for (;;) {
    const next = fallbacks.shift();
    if (next === undefined || (await call.fitsInto(next))) return next;
  }
}

interface LastAttempt {
  /** Text of it was told, and not yet that it is void. */
  isShown: boolean;
}

/** One model, until it answers or is given up. @param last  is told of its last attempt */
async function askModel(
  call: ModelTurn,
  model: string,
  { hasAlternative, last }: { readonly hasAlternative: boolean; readonly last: LastAttempt },
): Promise<ModelResponse> {
  const { turn, tell, signal } = call;
  const { models, clock, random, retryPolicy: policy } = call.calls;
  let target = call.requestTo(model);
  let counted = 0;
  let waitedMs = 0;
  let failed: ModelError | undefined;
  /** Tells that the attempt before is made again; where a recording answers, perhaps not before it is known that it was. */
  let tellRetried: (() => void) | undefined;
  const retried = (): void => {
    if (!tellRetried) return;
    tellRetried();
    tellRetried = undefined;
    last.isShown = false;
  };
  for (let attempt = 1; ; attempt += 1) {
    const permit = await admit(call, model, target, {
      hasAlternative,
      maxWaitMs: policy.maxWaitMs - waitedMs,
    });
    waitedMs += permit.waitedMs;
    const sentAt = clock.now();
    let isShown = false;
    const onText: OnText = (kind, text) => {
      isShown = true;
      tell({ type: kind, turn, text });
    };
    try {
      call.assertAffordable();
      const response = await models.complete(target.provider, target.request, {
        signal,
        origin: { ...call.origin, attempt },
        conversation: target.conversation,
        onText: call.showsText ? onText : undefined,
        onBegan: (limits) => {
          retried();
          permit.began(limits);
        },
      });
      permit.succeeded(response.usage);
      return response;
    } catch (error) {
      if (!(error instanceof ModelError)) {
        permit.release();
        throw error;
      }
      const { isLanes, pausedForMs } = permit.failed(error);
      if (failed && error.isSpent) throw failed;
      retried();
      last.isShown = isShown;
      keep(call, model, error);
      if (signal.aborted) throw error;
      if (target.request.schema && isSchemaRefusal(error)) {
        call.schemaRefused(model);
        target = call.requestTo(model);
        tell({ type: 'schema-refused', turn, model, message: error.message });
        continue;
      }
      if (isLanes) waitedMs += clock.now() - sentAt;
      else counted += 1;
      const policyMs = isLanes ? 0 : retryDelayMs(error, counted, random, policy);
      // Only the recording knows how often a provider was asked that was down: those attempts did not count.
      if (policyMs === null && !(target.lane.isReplayed && error.retryable)) throw error;
      const delayMs = target.lane.isReplayed ? 0 : (policyMs ?? 0);
      if (waitedMs >= policy.maxWaitMs) throw tooLong(error, waitedMs);
      failed = error;
      tellRetried = () =>
        tell({
          type: 'model-retried',
          turn,
          model,
          attempt,
          kind: error.kind,
          message: error.message,
          delayMs: Math.max(delayMs, pausedForMs),
          discarded: isShown,
        });
      if (policyMs !== null) retried();
      await pause(clock, delayMs, signal);
    }
  }
}

async function admit(
  { calls, sessionId, priority, turn, tell, signal }: ModelTurn,
  model: string,
  { lane, estimatedTokens, prefix }: TargetedRequest,
  { hasAlternative, maxWaitMs }: { readonly hasAlternative: boolean; readonly maxWaitMs: number },
): Promise<Permit> {
  const { gate, clock } = calls;
  const arrivedAt = clock.now();
  let hasWaited = false;
  try {
    const permit = await gate.admit({
      lane,
      sessionId,
      priority,
      estimatedTokens,
      prefix,
      hasAlternative,
      maxWaitMs,
      signal,
      onWait: ({ reason, expectedMs }) => {
        hasWaited = true;
        tell({ type: 'gate-waiting', turn, model, reason, expectedMs });
      },
    });
    if (hasWaited) tell({ type: 'gate-admitted', turn, model, waitedMs: permit.waitedMs });
    return permit;
  } catch (error) {
    if (hasWaited && error instanceof ModelError) {
      tell({ type: 'gate-left', turn, model, kind: error.kind, waitedMs: clock.now() - arrivedAt });
    }
    throw error;
  }
}

/** Rejected again and again, for longer than is waited. */
function tooLong(error: ModelError, waitedMs: number): ModelError {
  const { kind, status, retryable, retryAfterMs } = error;
  const message = `${error.message} (gave up after ${Math.round(waitedMs / 1_000)} s of waiting)`;
  return new ModelError({ kind, status, retryable, retryAfterMs, message, cause: error });
}

/** A request that was cancelled before anything came of it is not worth a word. */
function keep({ failedAttempts, charge }: ModelTurn, model: string, error: ModelError): void {
  const { kind, status = null, message } = error;
  const usage = error.usage && charge(error.usage, model);
  if (kind === 'cancelled' && !usage) return;
  addFailedAttempt(failedAttempts, { model, kind, status, message, ...(usage && { usage }) });
}

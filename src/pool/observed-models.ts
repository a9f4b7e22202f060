import type { Clock } from '../clock.ts';
import { ModelError } from '../errors.ts';
import { describeThrown } from '../tools/describe-thrown.ts';
import type { ModelRequest, ModelResponse } from '../model/model.ts';
import type { ModelCaller, ModelCallOptions } from './model-caller.ts';
import type { Observer } from './observer.ts';
import type { PoolEventBody } from './pool-event.ts';

/** Tells of each attempt to call a model, and has its own trace context go with it. */
export class ObservedModels implements ModelCaller {
  readonly #models: ModelCaller;
  readonly #observer: Observer;
  readonly #clock: Clock;
  #lastCallId = 0;

  constructor(models: ModelCaller, observer: Observer, clock: Clock) {
    this.#models = models;
    this.#observer = observer;
    this.#clock = clock;
  }

  complete(provider: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelResponse> {
    return this.#observer.isHeard
      ? this.#observed(provider, request, options)
      : this.#models.complete(provider, request, options);
  }

  close(): Promise<void> {
    return this.#models.close();
  }

  async #observed(
    provider: string,
    request: ModelRequest,
    options: ModelCallOptions,
  ): Promise<ModelResponse> {
    const { sessionId, promptId = null, attempt } = options.origin;
    const modelCallId = (this.#lastCallId += 1);
    const about = { sessionId, promptId, modelCallId };
    const { model, options: modelOptions } = request;
    const startMs = this.#clock.now();
    let firstChunkMs: number | null = null;
    this.#observer.tell(
      { type: 'model-call-began', ...about, provider, model, attempt, options: modelOptions },
      options.conversation,
    );
    const traceparent = this.#observer.traceparentOfCall(modelCallId);
    const origin = traceparent === undefined ? options.origin : { ...options.origin, traceparent };
    const onFirstChunk = (afterMs: number): void => {
      firstChunkMs = afterMs;
      options.onFirstChunk?.(afterMs);
    };
    const ended = (): { readonly durationMs: number; readonly firstChunkMs: number | null } => ({
      durationMs: this.#clock.now() - startMs,
      firstChunkMs,
    });
    try {
      const response = await this.#models.complete(provider, request, { ...options, origin, onFirstChunk });
      this.#observer.tell({ type: 'model-call-ended', ...about, ...ended(), response, error: null });
      return response;
    } catch (error) {
      this.#observer.tell({
        type: 'model-call-ended',
        ...about,
        ...ended(),
        response: null,
        error: describe(error),
      });
      throw error;
    }
  }
}

type CallError = NonNullable<Extract<PoolEventBody, { readonly type: 'model-call-ended' }>['error']>;

function describe(error: unknown): CallError {
  // Anything else is a fault of skein, and ends the session.
  if (!(error instanceof ModelError)) {
    return { kind: 'bad-response', message: describeThrown(error), status: null, usage: null };
  }
  const { kind, message, status = null, usage = null } = error;
  return { kind, message, status, usage };
}

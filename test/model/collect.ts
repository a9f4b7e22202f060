import type { Model, ModelCallOrigin, ModelEvent, ModelRequest } from '../../src/model/model.ts';

/** A request with one user message. */
export function asking(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  const messages = JSON.stringify({ role: 'user', content: text });
  return { model: 'scripted', messages, tools: null, options: {}, ...more };
}

export interface CollectOptions {
  readonly origin?: ModelCallOrigin;
  /** Cancels the attempt. */
  readonly signal?: AbortSignal;
  /** Is told each event too, as it comes. */
  readonly onEvent?: (event: ModelEvent) => void;
}

/** Every event of one attempt, in order. */
export function collect(
  model: Model,
  request: ModelRequest = asking('go'),
  { origin, signal, onEvent }: CollectOptions = {},
): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  return new Promise((resolve) => {
    const attempt = model.ask(
      request,
      (event) => {
        events.push(event);
        onEvent?.(event);
        if (event.type === 'end' || event.type === 'failed') resolve(events);
      },
      origin,
    );
    const cancel = (): void => attempt.cancel();
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

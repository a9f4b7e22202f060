import { ModelError, type ModelErrorKind } from '../../../src/errors.ts';
import { ChatAccumulator } from '../../../src/model/chat-accumulator.ts';
import { EventStreamReader } from '../../../src/model/event-stream.ts';
import type { ModelResponse } from '../../../src/model/model.ts';

/** What a stream came to: a response, a model error, or something that must never be thrown. */
export type StreamOutcome =
  | { readonly type: 'response'; readonly response: ModelResponse; readonly arrived: string }
  | { readonly type: 'failed'; readonly kind: ModelErrorKind }
  | { readonly type: 'threw'; readonly what: string };

/** Reads a whole stream as the model client does, without a network between: thousands of times faster. */
export function readStream(pieces: Iterable<Buffer>, lenient: boolean): StreamOutcome {
  const reader = new EventStreamReader();
  const accumulator = new ChatAccumulator();
  let done = false;
  let arrived = '';
  const take = (events: readonly string[]): void => {
    for (const data of events) {
      if (data.trimEnd() === '[DONE]') {
        done = true;
        return;
      }
      accumulator.push(data);
    }
    for (const event of accumulator.takeArrived()) if (event.type === 'text') arrived += event.text;
  };
  try {
    for (const piece of pieces) {
      take(reader.push(piece));
      if (done) break;
    }
    if (!done) take(reader.end());
    for (const event of accumulator.takeArrived()) if (event.type === 'text') arrived += event.text;
    return { type: 'response', response: accumulator.end(done && lenient), arrived };
  } catch (error) {
    if (error instanceof ModelError) return { type: 'failed', kind: error.kind };
    return { type: 'threw', what: String(error) };
  }
}

/** What has to be the same however the bytes were cut: everything but the ids that skein made up. */
export function comparable(outcome: StreamOutcome, bytes: Buffer): string {
  if (outcome.type !== 'response') return JSON.stringify(outcome);
  const { toolCalls, ...rest } = outcome.response;
  const calls = toolCalls.map(({ id, ...call }) => ({ id: bytes.includes(id) ? id : 'made up', ...call }));
  return JSON.stringify({ ...rest, calls });
}

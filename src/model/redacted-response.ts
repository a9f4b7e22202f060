import type { Redactor, RedactedStream } from '../redactor.ts';
import type { ModelEvent, ModelResponse } from './model.ts';

/** One response without known secrets, as it arrives and as a whole. Both say the same. */
export class RedactedResponse {
  readonly #redactor: Redactor;
  readonly #streams: { readonly text: RedactedStream; readonly reasoning: RedactedStream };

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.#streams = { text: redactor.stream(), reasoning: redactor.stream() };
  }

  /** Pieces that have come. What may be half of a secret waits for the next of its kind. */
  *pieces(events: readonly ModelEvent[]): Generator<ModelEvent, void, void> {
    for (const event of events) {
      if (event.type !== 'text' && event.type !== 'reasoning') continue;
      const text = this.#streams[event.type].push(event.text);
      if (text !== '') yield text === event.text ? event : { type: event.type, text };
    }
  }

  /** What has waited, now that the response is whole. Of a broken one see {@link cutOff}. */
  *rest(): Generator<ModelEvent, void, void> {
    for (const type of ['reasoning', 'text'] as const) {
      const text = this.#streams[type].end();
      if (text !== '') yield { type, text };
    }
  }

  /** What has waited when the response broke off, unless it may be half of a secret: a few characters are none. */
  *cutOff(): Generator<ModelEvent, void, void> {
    for (const type of ['reasoning', 'text'] as const) {
      const text = this.#streams[type].cutOff();
      if (text !== '') yield { type, text };
    }
  }

  whole(response: ModelResponse): ModelResponse {
    const redactor = this.#redactor;
    const { reasoningDetails } = response;
    return {
      ...response,
      ...(reasoningDetails && { reasoningDetails: this.#details(reasoningDetails) }),
      text: redactor.redact(response.text),
      reasoning: redactor.redact(response.reasoning),
      model: redactor.redact(response.model),
      toolCalls: response.toolCalls.map((call) => ({
        id: redactor.redact(call.id),
        name: redactor.redact(call.name),
        arguments: redactor.redactJson(call.arguments),
      })),
    };
  }

  /** The same objects where there is nothing to take out of them: they have to go back as they came. */
  #details(details: readonly unknown[]): readonly unknown[] {
    const json = JSON.stringify(details);
    const clean = this.#redactor.redactJson(json);
    return clean === json ? details : (JSON.parse(clean) as readonly unknown[]);
  }
}

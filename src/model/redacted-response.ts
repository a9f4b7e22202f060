import type { Redactor, RedactedStream } from '../redactor.ts';
import type { ModelResponse } from './model.ts';
import type { StreamedType } from './streamed-text.ts';

/** One response without known secrets, as it arrives and as a whole. Both say the same. */
export class RedactedResponse {
  readonly #redactor: Redactor;
  readonly #streams: Readonly<Record<StreamedType, RedactedStream>>;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.#streams = { text: redactor.stream(), reasoning: redactor.stream() };
  }

  /** A piece that has come. What may be half of a secret waits for the next of its kind. @returns '' when all of it waits */
  piece(type: StreamedType, text: string): string {
    return this.#streams[type].push(text);
  }

  /** What has waited, now that the response is whole. Of a broken one see {@link cutOff}. */
  rest(type: StreamedType): string {
    return this.#streams[type].end();
  }

  /** What has waited when the response broke off, unless it may be half of a secret: a few characters are none. */
  cutOff(type: StreamedType): string {
    return this.#streams[type].cutOff();
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

import { ChatAccumulator } from '../../../src/model/chat-accumulator.ts';
import { EventStreamReader } from '../../../src/model/event-stream.ts';
import { ModelError } from '../../../src/errors.ts';
import type { Findings } from './findings.ts';
import { comparable, readStream } from './read-stream.ts';
import type { NamedStream } from './recorded-streams.ts';

/**
 * Ends a stream at every one of its bytes: before its finish reason is whole nothing may come of it, and after that all
 * of it. Each event is cut on its own, on top of an accumulator that has the events before it: so every byte can be tried.
 * @returns the number of cuts
 */
export function cutEverywhere({ name, bytes }: NamedStream, findings: Findings): number {
  const whole = withoutUsage(comparable(readStream([bytes], false), bytes));
  // The last one: a chunk may also finish an answer that is not the first choice.
  const finishAt =
    [...bytes.toString('latin1').matchAll(/"finish_reason":\s*"/g)].at(-1)?.index ?? bytes.length;
  const accumulator = new ChatAccumulator();
  let cuts = 0;
  let start = 0;
  while (start < bytes.length && !findings.isFull) {
    const blank = bytes.indexOf('\n\n', start);
    const end = blank === -1 ? bytes.length : blank + 2;
    for (let cut = start; cut < end && !findings.isFull; cut++) {
      cuts++;
      const reader = new EventStreamReader();
      const events = [...reader.push(bytes.subarray(start, cut)), ...reader.end()];
      // Not even a line is whole: the events before decide, as if the stream had ended after them.
      const outcome =
        events.length === 0
          ? endOf(accumulator, bytes)
          : withoutUsage(comparable(readStream([bytes.subarray(0, cut)], false), bytes));
      const isWhole = accumulator.isFinished || (cut >= end - 1 && finishAt >= start && finishAt < end);
      if (isWhole ? outcome !== whole : !outcome.startsWith('{"type":"failed"')) {
        findings.add(
          'taken for complete',
          `${name}, cut at byte ${cut}`,
          `it came to ${outcome.slice(0, 500)}`,
        );
      }
    }
    const data = new EventStreamReader().push(bytes.subarray(start, end))[0];
    if (data !== undefined && data !== '[DONE]') accumulator.push(data);
    start = end;
  }
  return cuts;
}

function endOf(accumulator: ChatAccumulator, bytes: Buffer): string {
  try {
    const response = accumulator.end(false);
    return withoutUsage(comparable({ type: 'response', response, arrived: '' }, bytes));
  } catch (error) {
    if (error instanceof ModelError) return JSON.stringify({ type: 'failed', kind: error.kind });
    return JSON.stringify({ type: 'threw', what: String(error) });
  }
}

/** Usage comes last, and a response without it is whole. */
function withoutUsage(text: string): string {
  const value = JSON.parse(text) as Record<string, unknown>;
  delete value['usage'];
  return JSON.stringify(value);
}

import { timedFrames, wholeFrame, type Frame } from './frames.ts';
import type { Reply } from './reply.ts';
import type { Included } from './request-body.ts';
import { EventWriter, itemsOf, messageItem, type Fields, type OutputItem } from './response-items.ts';

/** How a response ends, by the finish reason that Chat Completions would give. */
const INCOMPLETE: Readonly<Record<string, string>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
};

/** The whole event stream of the Responses API: each delta with the events that belong before and after it. */
export function streamResponse(reply: Reply, included: Included): Frame[] {
  const events = new EventWriter();
  const deltas = [opening(reply, events)];
  const items = itemsOf(reply, included);
  for (const [index, item] of items.entries()) deltas.push(...item.deltas(events, index));
  return timedFrames(deltas, streamEnd(reply, items, events), reply);
}

/** The answer to a request without `stream`. */
export function wholeResponse(reply: Reply, included: Included): Frame[] {
  const pieces = reply.reasoning.pieces.length + reply.text.pieces.length + 2 * reply.calls.length;
  return wholeFrame(wholeBody(reply, itemsOf(reply, included)), pieces, reply);
}

/** One event with so many bytes of text, in two halves between which the text goes. */
export function hugeResponseEvent(reply: Reply): { readonly start: string; readonly end: string } {
  const events = new EventWriter();
  const opened = opening(reply, events);
  const item = messageItem(reply);
  const delta = events.write('response.output_text.delta', { ...item.part(0), delta: '' });
  const at = delta.lastIndexOf('""') + 1;
  return {
    start: opened + item.open(events, 0) + delta.slice(0, at),
    end: delta.slice(at) + streamEnd(reply, [], events),
  };
}

function opening(reply: Reply, events: EventWriter): string {
  const response = responseObject(reply, { status: 'in_progress', output: [], usage: null });
  return events.write('response.created', { response }) + events.write('response.in_progress', { response });
}

function streamEnd(reply: Reply, items: readonly OutputItem[], events: EventWriter): string {
  const { fault } = reply;
  if (fault.errorEvent) return failure(fault.errorEvent, reply, events);
  if (fault.noFinish) return '';
  if (fault.doneOnly) return 'data: [DONE]\n\n';
  const response = finished(reply, items);
  return events.write(`response.${String(response['status'])}`, { response });
}

/**
 * An error, and the response that failed with it: one failure, told twice. An event with an `error` of its own is sent as
 * it is, anything else in the form that the documentation gives.
 */
function failure(event: Fields, reply: Reply, events: EventWriter): string {
  const error = { code: 'server_error', message: 'Scripted failure.', param: null, ...errorIn(event) };
  const response = responseObject(reply, {
    status: 'failed',
    output: [],
    error: { code: String(error.code), message: error.message },
    usage: null,
  });
  return (
    events.write('error', 'error' in event ? event : error) + events.write('response.failed', { response })
  );
}

function errorIn(event: Fields): Fields {
  const { error } = event;
  return typeof error === 'object' && error !== null ? (error as Fields) : event;
}

function wholeBody(reply: Reply, items: readonly OutputItem[]): string {
  const { fault } = reply;
  if (fault.errorEvent) return JSON.stringify({ error: errorIn(fault.errorEvent) });
  if (fault.noFinish || fault.doneOnly)
    return JSON.stringify({ ...finished(reply, items), status: 'in_progress', usage: null });
  return JSON.stringify(finished(reply, items));
}

function finished(reply: Reply, items: readonly OutputItem[]): Fields {
  const reason = INCOMPLETE[reply.finish];
  return responseObject(reply, {
    status: reason === undefined ? 'completed' : 'incomplete',
    incomplete_details: reason === undefined ? null : { reason },
    output: items.map(({ whole }) => whole),
    usage: usageOf(reply),
  });
}

function responseObject({ id, model }: Reply, fields: Fields): Fields {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: 1,
    error: null,
    incomplete_details: null,
    model,
    ...fields,
    metadata: { answered_by: 'skein scripted model: not a language model' },
  };
}

function usageOf({ usage }: Reply): Fields | null {
  if (!usage) return null;
  const { input, output, reasoning, cached = 0, cacheWrite = 0, cost } = usage;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
    ...(cost === undefined ? {} : { cost }),
  };
}

import type { Reply, ReplyCall } from './reply.ts';

/** What a stream sends at one moment. */
export interface Frame {
  /** Milliseconds after the request. */
  readonly atMs: number;
  readonly data: string;
}

const DONE = 'data: [DONE]\n\n';
const DELTA_END = ',"finish_reason":null}]}\n\n';

/** The whole event stream, cut at its waits; one frame when there is none. */
export function streamFrames(reply: Reply, includeUsage: boolean): Frame[] {
  const start = `data: ${commonFields(reply, 'chat.completion.chunk')}`;
  const deltaStart = `${start},"choices":[{"index":0,"delta":`;
  const deltas = deltasOf(reply);
  const end = streamEnd(reply, start, includeUsage);
  const { firstMs, betweenMs } = reply.delay;
  if (betweenMs === 0) {
    return [
      {
        atMs: varied(firstMs, reply),
        data: deltaStart + deltas.join(DELTA_END + deltaStart) + DELTA_END + end,
      },
    ];
  }
  // The role comes with the first delta, and the end with the last: only deltas wait.
  const frames: { atMs: number; data: string }[] = [];
  let atMs = varied(firstMs, reply);
  frames.push({ atMs, data: deltaStart + deltas[0]! + DELTA_END });
  for (let i = 1; i < deltas.length; i++) {
    if (i > 1) atMs += varied(betweenMs, reply);
    frames.push({ atMs, data: deltaStart + deltas[i]! + DELTA_END });
  }
  frames.push({ atMs, data: end });
  return frames;
}

/** The answer to a request without `stream`, after all the waits of the stream. */
export function wholeFrames(reply: Reply): Frame[] {
  const { fault, delay } = reply;
  const pieces = deltasOf(reply).length - 1;
  const atMs = delay.firstMs + delay.betweenMs * Math.max(0, pieces - 1);
  if (fault.errorEvent) return [{ atMs, data: errorOf(fault.errorEvent) }];
  const message = {
    role: 'assistant',
    content: reply.text.text === '' && reply.calls.length > 0 ? null : reply.text.text,
    ...(reply.reasoning.text === '' ? {} : { reasoning_content: reply.reasoning.text }),
    ...(reply.calls.length === 0 ? {} : { tool_calls: reply.calls.map(wholeCall) }),
  };
  const finish = fault.noFinish || fault.doneOnly ? null : reply.finish;
  const choices = JSON.stringify([{ index: 0, message, finish_reason: finish }]);
  return [
    {
      atMs,
      data: `${commonFields(reply, 'chat.completion')},"choices":${choices},"usage":${usageOf(reply)}}`,
    },
  ];
}

/** One event with so many bytes of text, in two halves between which the text goes. */
export function hugeEvent(reply: Reply): { readonly start: string; readonly end: string } {
  const start = `data: ${commonFields(reply, 'chat.completion.chunk')}`;
  return {
    start: `${start},"choices":[{"index":0,"delta":{"role":"assistant","content":"`,
    end: `"}${DELTA_END}${streamEnd(reply, start, false)}`,
  };
}

function commonFields(reply: Reply, object: string): string {
  return (
    `{"id":"${reply.id}","object":"${object}","created":1,"model":${JSON.stringify(reply.model)},` +
    `"system_fingerprint":"scripted"`
  );
}

function deltasOf(reply: Reply): string[] {
  return [
    '{"role":"assistant","content":""}',
    ...reply.reasoning.deltas,
    ...reply.text.deltas,
    ...reply.calls.flatMap(callDeltas),
  ];
}

/** The arguments in two pieces, as they arrive in pieces from a model. */
function callDeltas(call: ReplyCall, index: number): string[] {
  const half = call.arguments.length >> 1;
  const name = JSON.stringify(call.name);
  return [
    `{"tool_calls":[{"index":${index},"id":"${call.id}","type":"function","function":{"name":${name},"arguments":${JSON.stringify(call.arguments.slice(0, half))}}}]}`,
    `{"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(call.arguments.slice(half))}}}]}`,
  ];
}

function wholeCall({ id, name, arguments: text }: ReplyCall): object {
  return { id, type: 'function', function: { name, arguments: text } };
}

function streamEnd(reply: Reply, start: string, includeUsage: boolean): string {
  const { fault } = reply;
  if (fault.errorEvent) return `data: ${errorOf(fault.errorEvent)}\n\n`;
  if (fault.noFinish) return '';
  if (fault.doneOnly) return DONE;
  const finish = `${start},"choices":[{"index":0,"delta":{},"finish_reason":${JSON.stringify(reply.finish)}}]}\n\n`;
  const usage = includeUsage ? `${start},"choices":[],"usage":${usageOf(reply)}}\n\n` : '';
  return finish + usage + DONE;
}

/** `{message: …}` is wrapped as providers do; what has an `error` of its own is sent as it is. */
function errorOf(event: Readonly<Record<string, unknown>>): string {
  return JSON.stringify('error' in event ? event : { error: event });
}

function usageOf({ usage }: Reply): string {
  return `{"prompt_tokens":${usage.input},"completion_tokens":${usage.output},"total_tokens":${usage.input + usage.output}}`;
}

function varied(delayMs: number, { delay, random }: Reply): number {
  return delay.jitter === 0 ? delayMs : delayMs * (1 + delay.jitter * (2 * random() - 1));
}

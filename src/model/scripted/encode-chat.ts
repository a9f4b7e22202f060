import { timedFrames, wholeFrame, type Frame } from './frames.ts';
import type { Reply, ReplyCall } from './reply.ts';
import type { Included } from './request-body.ts';

const DONE = 'data: [DONE]\n\n';
const DELTA_END = ',"finish_reason":null}]}\n\n';

/** The whole event stream of Chat Completions. */
export function streamChat(reply: Reply, { usage }: Included): Frame[] {
  const start = `data: ${commonFields(reply, 'chat.completion.chunk')}`;
  const deltaStart = `${start},"choices":[{"index":0,"delta":`;
  return timedFrames(
    deltasOf(reply).map((delta) => deltaStart + delta + DELTA_END),
    streamEnd(reply, start, usage),
    reply,
  );
}

/** The answer to a request without `stream`. */
export function wholeChat(reply: Reply): Frame[] {
  return wholeFrame(wholeBody(reply), deltasOf(reply).length - 1, reply);
}

/** One event with so many bytes of text, in two halves between which the text goes. */
export function hugeChatEvent(reply: Reply): { readonly start: string; readonly end: string } {
  const start = `data: ${commonFields(reply, 'chat.completion.chunk')}`;
  return {
    start: `${start},"choices":[{"index":0,"delta":{"role":"assistant","content":"`,
    end: `"}${DELTA_END}${streamEnd(reply, start, false)}`,
  };
}

function wholeBody(reply: Reply): string {
  const { fault } = reply;
  if (fault.errorEvent) return errorOf(fault.errorEvent);
  const message = {
    role: 'assistant',
    content: reply.text.text === '' && reply.calls.length > 0 ? null : reply.text.text,
    ...(reply.reasoning.text === '' ? {} : { reasoning_content: reply.reasoning.text }),
    ...(reply.calls.length === 0 ? {} : { tool_calls: reply.calls.map(wholeCall) }),
  };
  const finish = fault.noFinish || fault.doneOnly ? null : reply.finish;
  const choices = JSON.stringify([{ index: 0, message, finish_reason: finish }]);
  return `${commonFields(reply, 'chat.completion')},"choices":${choices}${usageField(reply)}}`;
}

function commonFields(reply: Reply, object: string): string {
  return (
    `{"id":"chatcmpl-${reply.id}","object":"${object}","created":1,"model":${JSON.stringify(reply.model)},` +
    `"system_fingerprint":"scripted"`
  );
}

function deltasOf(reply: Reply): string[] {
  return [
    '{"role":"assistant","content":""}',
    ...reply.reasoning.pieces.map((piece) => `{"reasoning_content":${piece}}`),
    ...reply.text.pieces.map((piece) => `{"content":${piece}}`),
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
  const usage = includeUsage && reply.usage ? `${start},"choices":[]${usageField(reply)}}\n\n` : '';
  return finish + usage + DONE;
}

/** `{message: …}` is wrapped as providers do; what has an `error` of its own is sent as it is. */
function errorOf(event: Readonly<Record<string, unknown>>): string {
  return JSON.stringify('error' in event ? event : { error: event });
}

function usageField({ usage }: Reply): string {
  if (!usage) return '';
  const { input, output, reasoning, cached, cacheWrite, cost } = usage;
  const fields = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cached === undefined
      ? {}
      : {
          prompt_tokens_details: {
            cached_tokens: cached,
            ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
          },
        }),
    ...(reasoning === 0 ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
    ...(cost === undefined ? {} : { cost }),
  };
  return `,"usage":${JSON.stringify(fields)}`;
}

import { Conversation, type Message, type RequestedSchema } from './conversation.ts';
import { invalid, isObject, parseBody, type ApiRequest } from './request-body.ts';

/** A Chat Completions request. @throws {RequestError} 400 when it is none */
export function readChat(body: string): ApiRequest {
  const {
    model,
    messages,
    tools,
    stream,
    stream_options: streamOptions,
    response_format: format,
  } = parseBody(body);
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('"messages" must be a list that is not empty.');
  const wrong = messages.findIndex((message) => !isMessage(message));
  if (wrong !== -1) throw invalid(`messages[${wrong}] is no message.`);
  return {
    conversation: new Conversation(model, messages as Message[], schemaOf(format), tools),
    tools,
    stream: stream === true,
    included: {
      usage: isObject(streamOptions) && streamOptions['include_usage'] === true,
      encryptedReasoning: false,
    },
  };
}

function schemaOf(format: unknown): RequestedSchema | undefined {
  if (!isObject(format) || format['type'] !== 'json_schema') return undefined;
  const wanted = format['json_schema'];
  if (!isObject(wanted) || typeof wanted['name'] !== 'string')
    throw invalid('"response_format.json_schema" must have a name.');
  return { name: wanted['name'], parameter: 'response_format', definition: wanted['schema'] };
}

function isMessage(message: unknown): boolean {
  if (!isObject(message) || typeof message['role'] !== 'string') return false;
  const calls = message['tool_calls'];
  return calls === undefined || calls === null || (Array.isArray(calls) && calls.every(isCall));
}

function isCall(call: unknown): boolean {
  return (
    isObject(call) &&
    typeof call['id'] === 'string' &&
    isObject(call['function']) &&
    typeof call['function']['name'] === 'string' &&
    typeof call['function']['arguments'] === 'string'
  );
}

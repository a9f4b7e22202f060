import { Conversation, type Message, type MessageCall, type RequestedSchema } from './conversation.ts';
import { encryptedReasoning } from './encrypted-reasoning.ts';
import { invalid, isObject, parseBody, RequestError, type ApiRequest } from './request-body.ts';

type Item = Readonly<Record<string, unknown>>;

/**
 * A request of the Responses API, its items as the messages that Chat Completions would have for them: what one response
 * said (reasoning, text, calls) is one assistant message.
 * @throws {RequestError} 400 when it is none, asks for what a stateless server lacks, or brings reasoning back changed
 */
export function readResponses(body: string): ApiRequest {
  const request = parseBody(body);
  const {
    model,
    input,
    instructions,
    tools,
    stream,
    include,
    previous_response_id: previous,
    text,
  } = request;
  if (typeof previous === 'string')
    throw new RequestError(
      400,
      'previous_response_not_found',
      `Previous response with id '${previous}' not found.`,
    );
  const messages: Message[] =
    typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  messages.push(...readInput(input));
  return {
    conversation: new Conversation(model, messages, schemaOf(text), tools),
    tools,
    stream: stream === true,
    included: {
      usage: true,
      encryptedReasoning: Array.isArray(include) && include.includes('reasoning.encrypted_content'),
    },
  };
}

function readInput(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input) || input.length === 0)
    throw invalid('"input" must be text, or a list that is not empty.');
  const messages: Message[] = [];
  // Of the response whose items are being read.
  let said: { texts: unknown[]; calls: MessageCall[] } | undefined;
  const endOfResponse = (): void => {
    if (said) messages.push(assistantMessage(said.texts, said.calls));
    said = undefined;
  };
  for (const [i, item] of input.entries()) {
    const read = readItem(item, i);
    if (read.by === 'model') {
      said ??= { texts: [], calls: [] };
      if (read.call) said.calls.push(read.call);
      if (read.content !== undefined) said.texts.push(read.content);
    } else {
      endOfResponse();
      messages.push(read.message);
    }
  }
  endOfResponse();
  return messages;
}

type ReadItem =
  | { readonly by: 'model'; readonly call?: MessageCall; readonly content?: unknown }
  | { readonly by: 'client'; readonly message: Message };

function readItem(item: unknown, index: number): ReadItem {
  if (!isObject(item)) throw invalid(`input[${index}] is no item.`);
  const { type = 'message' } = item;
  switch (type) {
    case 'message':
      return readMessage(item, index);
    case 'function_call':
      return { by: 'model', call: readCall(item, index) };
    case 'function_call_output': {
      const { call_id: callId, output } = item;
      if (typeof callId !== 'string') throw invalid(`input[${index}].call_id must be text.`);
      return { by: 'client', message: { role: 'tool', tool_call_id: callId, content: output } };
    }
    case 'reasoning':
      checkReasoning(item, index);
      return { by: 'model' };
    default:
      throw invalid(
        `input[${index}].type is ${JSON.stringify(type)}, which the scripted model does not know.`,
      );
  }
}

function readMessage(item: Item, index: number): ReadItem {
  const { role, content } = item;
  if (typeof role !== 'string') throw invalid(`input[${index}].role must be text.`);
  return role === 'assistant' ? { by: 'model', content } : { by: 'client', message: { role, content } };
}

function readCall(item: Item, index: number): MessageCall {
  const { call_id: id, name, arguments: text } = item;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof text !== 'string')
    throw invalid(`input[${index}] must have a call_id, a name and arguments, all of them text.`);
  return { id, function: { name, arguments: text } };
}

/** As the real server, which can decrypt only what it encrypted itself. */
function checkReasoning(item: Item, index: number): void {
  const { id, summary, encrypted_content: encrypted } = item;
  if (typeof id !== 'string' || !Array.isArray(summary))
    throw invalid(`input[${index}] must have an id and a summary.`);
  if (encrypted === undefined || encrypted === null) {
    throw new RequestError(
      404,
      'item_not_found',
      `Item with id '${id}' not found. Nothing is kept here: send its encrypted content.`,
    );
  }
  const text = summary
    .map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
  if (encrypted !== encryptedReasoning(id, text)) {
    throw new RequestError(
      400,
      'invalid_encrypted_content',
      `The encrypted content for item ${id} could not be verified.`,
    );
  }
}

function assistantMessage(texts: readonly unknown[], calls: readonly MessageCall[]): Message {
  const parts = texts.flatMap((content) =>
    Array.isArray(content) ? (content as unknown[]) : [{ text: content }],
  );
  return {
    role: 'assistant',
    content: parts.length === 0 ? null : parts,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function schemaOf(text: unknown): RequestedSchema | undefined {
  const format = isObject(text) ? text['format'] : undefined;
  if (!isObject(format) || format['type'] !== 'json_schema') return undefined;
  if (typeof format['name'] !== 'string') throw invalid('"text.format" must have a name.');
  return { name: format['name'], parameter: 'text.format', definition: format['schema'] };
}

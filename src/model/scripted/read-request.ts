import type { IncomingMessage } from 'node:http';
import { Conversation, type Message } from './conversation.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A request that is answered with an error status. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ChatRequest {
  readonly conversation: Conversation;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** @throws {RequestError} 413 when the body is larger than 64 MiB */
export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      reject(
        new RequestError(413, 'request_too_large', `The request is larger than ${MAX_BODY_BYTES} bytes.`),
      );
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    request.on('error', reject);
  });
}

/** @throws {RequestError} 400 when it is no chat request */
export function readRequest(body: string): ChatRequest {
  const request = parse(body);
  if (!isObject(request)) throw invalid('The body is no JSON object.');
  const { model, messages, stream, stream_options: streamOptions } = request;
  if (typeof model !== 'string') throw invalid('"model" must be text.');
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('"messages" must be a list that is not empty.');
  const wrong = messages.findIndex((message) => !isMessage(message));
  if (wrong !== -1) throw invalid(`messages[${wrong}] is no message.`);
  return {
    conversation: new Conversation(model, messages as Message[]),
    stream: stream === true,
    includeUsage: isObject(streamOptions) && streamOptions['include_usage'] === true,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw invalid(`The body is no JSON: ${(error as Error).message}.`);
  }
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): RequestError {
  return new RequestError(400, 'invalid_request', message);
}

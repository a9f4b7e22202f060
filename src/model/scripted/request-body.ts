import type { IncomingMessage } from 'node:http';
import type { Conversation } from './conversation.ts';

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

/** What a script answers, read from whichever API it came by. */
export interface ApiRequest {
  readonly conversation: Conversation;
  /** The `tools` as they came. */
  readonly tools: unknown;
  readonly stream: boolean;
  readonly included: Included;
}

/** What a response tells only when it is asked to. */
export interface Included {
  /** In a stream; a response in one body always tells it. */
  readonly usage: boolean;
  readonly encryptedReasoning: boolean;
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

/** @throws {RequestError} 400 when it is no JSON object, or names no model */
export function parseBody(body: string): { readonly [key: string]: unknown; readonly model: string } {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch (error) {
    throw invalid(`The body is no JSON: ${(error as Error).message}.`);
  }
  if (!isObject(request)) throw invalid('The body is no JSON object.');
  const { model } = request;
  if (typeof model !== 'string') throw invalid('"model" must be text.');
  return { ...request, model };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(message: string): RequestError {
  return new RequestError(400, 'invalid_request', message);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Api } from './api.ts';
import type { Conversation } from './conversation.ts';
import type { Sink } from './player.ts';
import { errorBody, sendBody, sendHead } from './respond.ts';
import type { ScriptedFault } from './script.ts';

const PING_MS = 50;
/** Cut off inside its JSON, and as if that were all of it. */
const GARBLED_EVENT = '\n\ndata: {"object":"chat.completion.chunk","choices":[{"ind\n\n';
const HUGE_PIECE = 'x'.repeat(64 * 1024);

/** Answers with a fault that takes the place of the answer. @returns false when the answer itself is to be sent, broken or not */
export function failInstead(
  fault: ScriptedFault,
  { schema }: Conversation,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (fault.refuse) {
    request.socket.destroy();
  } else if (fault.status !== undefined) {
    sendStatus(fault, fault.status, response);
  } else if (fault.echoKey) {
    const message = `Incorrect API key provided: ${request.headers.authorization ?? '(none)'}.`;
    sendBody(response, 401, errorBody(message, 'invalid_api_key', 'authentication_error'));
  } else if (fault.redirect !== undefined) {
    sendBody(response, 307, '', { location: fault.redirect });
  } else if (fault.html) {
    const page = '<!doctype html><title>Sign in</title><p>This is a web page and no completion.</p>\n';
    sendBody(response, 200, page, { 'content-type': 'text/html; charset=utf-8' });
  } else if (fault.json) {
    sendBody(response, 200, '{"status":"ok","note":"this is no completion"}');
  } else if (fault.pingOnly) {
    ping(response);
  } else if (fault.refuseSchema && schema) {
    const message = `Invalid schema for ${schema.parameter} '${schema.name}': this scripted model takes none.`;
    sendBody(response, 400, errorBody(message, null, 'invalid_request_error', schema.parameter));
  } else {
    return false;
  }
  return true;
}

/** The response, or one that breaks after so many bytes. */
export function sinkFor(
  { cutAtByte, endAtByte, garbleAtByte, stall }: ScriptedFault,
  response: ServerResponse,
): Sink {
  if (cutAtByte !== undefined) return new LimitedSink(response, cutAtByte, () => response.socket?.end());
  if (endAtByte !== undefined) return new LimitedSink(response, endAtByte, () => response.end());
  if (garbleAtByte !== undefined)
    return new LimitedSink(response, garbleAtByte, () => response.end(GARBLED_EVENT));
  // The socket stays open until the client gives up or the server closes.
  if (stall !== undefined) return new LimitedSink(response, stall, () => {});
  return response;
}

/** Passes so many bytes on, and then breaks the response in its way. */
class LimitedSink implements Sink {
  readonly #response: ServerResponse;
  readonly #breakIt: () => void;
  #left: number;

  constructor(response: ServerResponse, bytes: number, breakIt: () => void) {
    this.#response = response;
    this.#left = bytes;
    this.#breakIt = breakIt;
    response.flushHeaders();
    if (bytes === 0) breakIt();
  }

  write(data: string): void {
    if (this.#left === 0) return;
    const bytes = Buffer.from(data).subarray(0, this.#left);
    this.#left -= bytes.length;
    if (bytes.length > 0) this.#response.write(bytes);
    if (this.#left === 0) this.#breakIt();
  }

  /** A body that is shorter than the limit ends as it should. */
  end(data: string): void {
    if (this.#left === 0) return;
    this.write(data);
    if (this.#left > 0) this.#response.end();
  }
}

function sendStatus(fault: ScriptedFault, status: number, response: ServerResponse): void {
  const headers: Record<string, string> = { ...fault.headers };
  if (fault.retryAfter !== undefined) headers['retry-after'] = String(fault.retryAfter);
  sendBody(response, status, statusBody(fault, status), headers);
}

function statusBody({ body }: ScriptedFault, status: number): string {
  if (typeof body === 'string') return body;
  if (body !== undefined) return JSON.stringify(body);
  if (status === 429) return errorBody('Rate limit reached (scripted).', 'rate_limit_exceeded', 'requests');
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return errorBody(`Scripted failure with status ${status}.`, null, type);
}

function ping(response: ServerResponse): void {
  sendHead(response, 'text/event-stream');
  response.write(': ping\n\n');
  const timer = setInterval(() => response.write(': ping\n\n'), PING_MS);
  response.once('close', () => clearInterval(timer));
}

/** In pieces, as fast as the client takes them: the line may be larger than the memory. */
export function sendHuge(
  { start, end }: ReturnType<Api['huge']>,
  bytes: number,
  response: ServerResponse,
): void {
  sendHead(response, 'text/event-stream');
  response.write(start);
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const piece = left < HUGE_PIECE.length ? HUGE_PIECE.slice(0, left) : HUGE_PIECE;
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', more);
        return;
      }
    }
    response.end(end);
  };
  more();
}

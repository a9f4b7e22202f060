import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ChatCompletions } from '../../src/model/chat-completions.ts';
import type { ModelDeadlines, ResolvedProvider } from '../../src/model/model.ts';
import type { ProviderClient } from '../../src/model/provider-client.ts';
import { Responses } from '../../src/model/responses.ts';

/** A server that says exactly what a test wants said, byte for byte: the scripted model keeps to the protocol. */
export interface RawServer {
  readonly baseURL: string;
  /** Connections that were ever made. */
  readonly connectionCount: () => number;
  readonly openConnections: () => number;
  readonly requests: readonly RawRequest[];
  readonly model: ProviderClient;
}

export interface RawRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const CLIENTS = { chat: ChatCompletions, responses: Responses };

export const PATIENT: ModelDeadlines = {
  connectMs: 10_000,
  firstByteMs: 10_000,
  idleMs: 10_000,
  totalMs: 20_000,
};

export const KEY = 'a-key-that-nobody-may-see';

/** One event of a stream. */
export function event(data: object | string): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

export function textEvent(content: string): string {
  return event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

export function finishEvent(finish_reason = 'stop'): string {
  return event({ choices: [{ index: 0, delta: {}, finish_reason }] });
}

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** Runs `use` on a server that answers by `answer` and a model in front of it; closes both whatever comes of it. */
export async function withRawServer<Result>(
  answer: (response: ServerResponse, request: RawRequest) => void,
  use: (server: RawServer) => Promise<Result>,
  options: { provider?: Partial<ResolvedProvider>; deadlines?: Partial<ModelDeadlines> } = {},
): Promise<Result> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received: RawRequest = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(received);
      answer(response, received);
    });
  });
  server.on('connection', (socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const provider = { name: 'raw', baseURL, apiKey: KEY, headers: {}, quirks: {}, ...options.provider };
  const model = new CLIENTS[provider.quirks.api ?? 'chat'](provider, {
    deadlines: { ...PATIENT, ...options.deadlines },
  });
  try {
    return await use({
      baseURL,
      model,
      requests,
      connectionCount: () => connectionCount,
      openConnections: () => sockets.size,
    });
  } finally {
    await model.close();
    server.closeAllConnections();
    server.close();
  }
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { event, finishEvent, startStream, textEvent } from '../model/raw-server.ts';

/** A provider that gives back the credentials it was sent, in every way it can think of. */
export interface EchoServer extends AsyncDisposable {
  readonly baseURL: string;
  readonly requestCount: () => number;
}

/** What a request was signed with. */
interface Sent {
  /** With its scheme. */
  readonly authorization: string;
  readonly key: string;
  /** Of the `x-api-key` header. */
  readonly header: string;
}

type Answer = (response: ServerResponse, sent: Sent) => void;

/** @param answers  by the number that a prompt ends with; further attempts of it get the same */
export async function startEchoServer(answers: readonly Answer[]): Promise<EchoServer> {
  let requestCount = 0;
  const server = createServer((request, response) => {
    requestCount += 1;
    void bodyOf(request).then((body) => {
      const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
      const prompt = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      if (messages.at(-1)?.role === 'tool') return done(response);
      const authorization = request.headers.authorization ?? '';
      const sent = {
        authorization,
        key: authorization.replace('Bearer ', ''),
        header: String(request.headers['x-api-key'] ?? ''),
      };
      return answers[Number(/\d+$/.exec(prompt)?.[0] ?? 0) % answers.length]!(response, sent);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requestCount: () => requestCount,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  return body;
}

function done(response: ServerResponse): void {
  startStream(response);
  response.end(textEvent('done') + finishEvent() + event('[DONE]'));
}

const all = ({ authorization, key, header }: Sent): string =>
  [
    `you sent ${authorization} and ${header}`,
    JSON.stringify({ header, key }),
    encodeURIComponent(authorization),
    Buffer.from(authorization).toString('base64'),
    Buffer.from(`x:${header}`).toString('base64url'),
  ].join(' | ');

const status =
  (
    code: number,
    body: (sent: Sent) => string,
    headers: (sent: Sent) => Record<string, string> = () => ({}),
  ) =>
  (response: ServerResponse, sent: Sent): void => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers(sent) }).end(body(sent));
  };
const json = (sent: Sent): string =>
  JSON.stringify({ error: { message: all(sent), code: sent.key, type: sent.header } });

/** Ways to fail. All end the prompt; some are tried again first. */
export const FAILURES: readonly Answer[] = [
  ...[400, 401, 403, 404, 413, 422, 429, 500, 503, 529].flatMap((code) => [
    status(code, json),
    status(code, all),
    status(code, (sent) => sent.key.repeat(3)),
  ]),
  status(402, json, (sent) => ({ 'x-echo': sent.key, 'set-cookie': sent.header })),
  status(429, json, (sent) => ({ 'retry-after': sent.key, 'retry-after-ms': '1' })),
  status(307, all, (sent) => ({ location: `http://127.0.0.1:1/?${sent.key}` })),
  // Cut by the reader inside the key, wherever its limit lies.
  ...[0, 1, 7, 20].flatMap((shift) => [
    status(400, (sent) => 'x'.repeat(65_536 - 30 + shift) + sent.key.repeat(4)),
    status(
      200,
      (sent) => ' '.repeat(1_990 - shift) + sent.key,
      () => ({ 'content-type': 'text/html' }),
    ),
    status(400, (sent) => 'y'.repeat(990 - shift) + sent.key),
  ]),
  status(
    200,
    (sent) => `<html>${all(sent)}</html>`,
    () => ({ 'content-type': 'text/html' }),
  ),
  status(200, all, (sent) => ({ 'content-type': `text/${sent.key}` })),
  ...[
    (sent: Sent): string =>
      event({ error: { message: all(sent), code: sent.key, metadata: { error_type: sent.header } } }),
    (sent: Sent): string => `data: {${all(sent)}\n\n`,
    (sent: Sent): string => event({ choices: [{ index: 0, delta: {}, finish_reason: sent.key }] }),
    // Broken off inside the key: half of one is no answer.
    (sent: Sent): string => textEvent(`so ${sent.key.slice(0, -3)}`),
    (sent: Sent): string =>
      event({ model: sent.key, choices: [{ delta: { reasoning: sent.header.slice(0, 20) } }] }),
  ].map((body): Answer => (response, sent) => {
    startStream(response);
    response.end(body(sent));
  }),
  (response, sent) => {
    startStream(response);
    response.write(textEvent(`Your key is ${sent.key.slice(0, 12)}`));
    setImmediate(() => response.destroy());
  },
];

/** Ways to answer: the key in all that an answer is made of, cut at every place. */
export function answersWith(keyLength: number): readonly Answer[] {
  const cuts = Array.from({ length: keyLength + 1 }, (_, at) => at);
  return [
    ...cuts.map((at) => streamed((sent) => piecesOf(sent.key, at).map(textEvent))),
    ...cuts.map((at) =>
      streamed((sent) =>
        piecesOf(sent.header, at).map((reasoning) => event({ choices: [{ delta: { reasoning } }] })),
      ),
    ),
    ...cuts.map((at) =>
      streamed((sent) => {
        const args = JSON.stringify({ path: 'a.txt', content: `key=${sent.key}` });
        const [id, name] = [`call-${sent.header}`, 'write'];
        return [
          event({
            choices: [{ delta: { tool_calls: [{ index: 0, id, function: { name, arguments: '' } }] } }],
          }),
          ...piecesOf(args, at).map((piece) =>
            event({ choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: piece } }] } }] }),
          ),
        ];
      }),
    ),
    // A name that no tool has is repeated to the model; arguments may be spelled in escapes.
    streamed((sent) => [toolCall(sent.key, '{}')]),
    streamed((sent) => {
      const spelled = Array.from(sent.key, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(
        '',
      );
      return [toolCall('write', `{"path":"${spelled}","content":"${spelled}"}`)];
    }),
    streamed((sent) => [toolCall('write', `{"wrong": ${JSON.stringify(sent.key)}}`)]),
    streamed((sent) => [toolCall('read', `not json ${sent.key}`)]),
    streamed((sent) => [event({ model: sent.key, choices: [{ delta: { content: all(sent) } }] })]),
  ];
}

function piecesOf(text: string, at: number): string[] {
  return [`It is ${text.slice(0, at)}`, `${text.slice(at)}, no more`].map((piece, i) =>
    text.startsWith('{') ? (i === 0 ? text.slice(0, at) : text.slice(at)) : piece,
  );
}

function toolCall(name: string, args: string): string {
  return event({
    choices: [{ delta: { tool_calls: [{ index: 0, id: 'c', function: { name, arguments: args } }] } }],
  });
}

/** Each event in a packet of its own, so that what it is cut into arrives in pieces. */
function streamed(events: (sent: Sent) => readonly string[]): Answer {
  return (response, sent) => {
    const rest = [...events(sent), finishEvent() + event('[DONE]')];
    startStream(response);
    const next = (): void => {
      const one = rest.shift();
      if (one === undefined) response.end();
      else response.write(one, () => setTimeout(next, 1));
    };
    next();
  };
}

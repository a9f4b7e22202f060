/**
 * The model server of the benchmarks, in a process of its own: speaks just enough HTTP/1.1 and Chat Completions, with
 * what it sends encoded beforehand, so that the contestants have the machine to themselves. It is not skein's scripted
 * model, which checks, matches and can fail; that costs time which would be counted against everybody.
 *
 * Started by the questions; alone: node dist/bench/model-server.js
 */
import { createServer, type Socket } from 'node:net';
import { scenarioNamed, type Scenario, type ScenarioResponse } from './support/scenarios.ts';
import { stampedToken } from './support/token-clock.ts';

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n';
const WORDS = ['the ', 'module ', 'has ', 'a ', 'revision ', 'that ', 'is ', 'read ', 'and ', 'raised '];

/** A response that is being sent token by token. */
interface Paced {
  readonly socket: Socket;
  readonly model: string;
  readonly turn: number;
  readonly response: ScenarioResponse;
  readonly betweenMs: number;
  dueAt: number;
  sent: number;
}

const paced = new Set<Paced>();
const encoded = new Map<string, Buffer>();

/** Tokens are due at fixed times from the request on: a server that is late catches up, so it never adds to a wall time. */
function sendDueTokens(): void {
  const now = performance.now();
  for (const entry of paced) {
    if (entry.dueAt > now) continue;
    let text = entry.sent === 0 ? HEAD : '';
    while (entry.sent < entry.response.deltas && entry.dueAt <= now) {
      text += event(entry.model, entry.turn, { ...roleAt(entry.sent), content: stampedToken() });
      entry.sent += 1;
      entry.dueAt += entry.betweenMs;
    }
    if (entry.sent === entry.response.deltas) {
      text += ending(entry.model, entry.turn, entry.response);
      paced.delete(entry);
    }
    entry.socket.write(text);
  }
  if (paced.size > 0) setTimeout(sendDueTokens, 1);
}

function answer(socket: Socket, body: Buffer): void {
  const model = /^\{[^[]*?"model":"([^"]+)"/.exec(body.toString('latin1', 0, 400))?.[1] ?? '';
  const scenario = scenarioNamed(model);
  const turn = countOf(body, '"role":"assistant"');
  const response = scenario?.responses[turn] ?? scenario?.afterwards;
  if (!scenario || !response) {
    const text = JSON.stringify({ error: { message: `no response ${turn} in scenario "${model}"` } });
    socket.write(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    return;
  }
  if (scenario.pace) pace(socket, model, turn, scenario.pace, response);
  else if (response.tellsArrival) {
    socket.write(HEAD + ending(model, turn, { ...response, lastWords: stampedToken().trim() }));
  } else socket.write(atOnce(model, turn, response));
}

function pace(
  socket: Socket,
  model: string,
  turn: number,
  { firstMs, betweenMs }: NonNullable<Scenario['pace']>,
  response: ScenarioResponse,
): void {
  if (paced.size === 0) setTimeout(sendDueTokens, 1);
  paced.add({ socket, model, turn, response, betweenMs, dueAt: performance.now() + firstMs, sent: 0 });
}

function atOnce(model: string, turn: number, response: ScenarioResponse): Buffer {
  const key = `${model} ${turn}`;
  let bytes = encoded.get(key);
  if (!bytes) {
    let text = HEAD;
    for (let index = 0; index < response.deltas; index += 1) {
      text += event(model, turn, { ...roleAt(index), content: WORDS[index % WORDS.length] });
    }
    bytes = Buffer.from(text + ending(model, turn, response));
    encoded.set(key, bytes);
  }
  return bytes;
}

/** What follows the tokens: last words, calls, finish reason, usage, `[DONE]`. */
function ending(model: string, turn: number, { deltas, lastWords, calls }: ScenarioResponse): string {
  let text = lastWords === '' ? '' : event(model, turn, { ...roleAt(deltas), content: lastWords });
  for (const [index, call] of calls.entries()) {
    const args = JSON.stringify(call.arguments);
    const middle = Math.floor(args.length / 2);
    const id = `call_${turn}_${index}`;
    text += event(model, turn, {
      ...roleAt(deltas + index),
      tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }],
    });
    for (const part of [args.slice(0, middle), args.slice(middle)]) {
      text += event(model, turn, { tool_calls: [{ index, function: { arguments: part } }] });
    }
  }
  text += event(model, turn, {}, calls.length > 0 ? 'tool_calls' : 'stop');
  const usage = { prompt_tokens: 1_000, completion_tokens: 150, total_tokens: 1_150 };
  text += frame(`data: ${JSON.stringify({ ...envelope(model, turn), choices: [], usage })}\n\n`);
  return `${text}${frame('data: [DONE]\n\n')}0\r\n\r\n`;
}

/** The first delta of a response says whose it is, as a real provider's does; some clients wait for that. */
function roleAt(index: number): object {
  return index === 0 ? { role: 'assistant' } : {};
}

function event(model: string, turn: number, delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return frame(`data: ${JSON.stringify({ ...envelope(model, turn), choices })}\n\n`);
}

/** Every response of a conversation has an id of its own: some clients know messages by it. */
function envelope(model: string, turn: number): object {
  return { id: `chatcmpl-bench-${turn}`, object: 'chat.completion.chunk', created: 1_760_000_000, model };
}

/** Every event is an HTTP chunk of its own, as from a real provider; all of them are ASCII. */
function frame(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function countOf(body: Buffer, needle: string): number {
  let count = 0;
  for (let at = body.indexOf(needle); at !== -1; at = body.indexOf(needle, at + needle.length)) count += 1;
  return count;
}

/** Requests of one connection, one after another; bodies have a `Content-Length`, as every client here sends one. */
function serve(socket: Socket): void {
  let parts: Buffer[] = [];
  let size = 0;
  let bodyStart = 0;
  let wanted = Infinity;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (wanted === Infinity) {
      const all = Buffer.concat(parts);
      parts = [all];
      const headEnd = all.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const length = /content-length: *(\d+)/i.exec(all.toString('latin1', 0, headEnd))?.[1];
      bodyStart = headEnd + 4;
      wanted = bodyStart + Number(length ?? 0);
    }
    if (size < wanted) return;
    const body = Buffer.concat(parts).subarray(bodyStart, wanted);
    parts = [];
    size = 0;
    wanted = Infinity;
    answer(socket, body);
  });
}

const server = createServer(serve);
server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ baseURL: `http://127.0.0.1:${port}/v1` })}\n`);
});
// The parent is gone: so is everybody who could ask.
process.stdin.on('end', () => process.exit()).resume();

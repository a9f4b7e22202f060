import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { startScriptedModel, type ScriptedModelServer } from '../../src/model/scripted/server.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import type { Harness } from '../tools/harness.ts';

/** What came back, and how it ended: `broken` when the connection went before the end of the body. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly end: 'whole' | 'broken' | 'given-up';
}

interface Chunk {
  readonly id: string;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: readonly {
    readonly delta: {
      readonly role?: string;
      readonly content?: string;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function: { readonly name?: string; readonly arguments: string };
      }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Readonly<Record<string, number>>;
}

/** A stream put together again. */
export interface Streamed {
  readonly chunks: readonly Chunk[];
  readonly contents: readonly string[];
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: string | null;
  readonly usage: Readonly<Record<string, number>> | undefined;
  readonly done: boolean;
}

export type TestMessage = Readonly<Record<string, unknown>>;

export function user(content: unknown): TestMessage {
  return { role: 'user', content };
}

/** An assistant message with calls `[id, name, arguments]`. */
export function calling(...calls: readonly (readonly [string, string, object])[]): TestMessage {
  return {
    role: 'assistant',
    content: null,
    tool_calls: calls.map(([id, name, args]) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  };
}

export function toolResult(id: string, content: string): TestMessage {
  return { role: 'tool', tool_call_id: id, content };
}

/** Runs `use` on a server of its own, and closes it whatever comes of it. */
export async function withModel<Result>(
  script: ScriptedModelScript | readonly ScriptedRule[] | string,
  use: (server: ScriptedModelServer) => Promise<Result>,
  options: { seed?: number } = {},
): Promise<Result> {
  const whole = Array.isArray(script) ? { rules: script as ScriptedRule[] } : script;
  const server = await startScriptedModel(whole as ScriptedModelScript | string, options);
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

/** One request with `stream`, unless `body` says otherwise. */
export function ask(
  server: ScriptedModelServer,
  messages: readonly TestMessage[] | string,
  body: object = {},
  request: { readonly headers?: Record<string, string>; readonly giveUpAfter?: number } = {},
): Promise<Answered> {
  const whole = {
    model: 'm',
    stream: true,
    messages: typeof messages === 'string' ? [user(messages)] : messages,
    ...body,
  };
  return send(server, 'POST', '/v1/chat/completions', JSON.stringify(whole), request);
}

/** @param request.giveUpAfter  bytes of the body after which the client hangs up */
export function send(
  server: ScriptedModelServer,
  method: string,
  path: string,
  body = '',
  request: { readonly headers?: Record<string, string>; readonly giveUpAfter?: number } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { port: server.port, host: '127.0.0.1', method, path, headers: request.headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const end = (how: Answered['end']): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            end: how,
          });
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes < (request.giveUpAfter ?? Infinity)) return;
          end('given-up');
          outgoing.destroy();
        });
        response.on('end', () => end('whole'));
        response.on('error', () => end('broken'));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Reads an event stream; an error event stays where it is, as a chunk without choices. */
export function parseStream(body: string): Streamed {
  const payloads = body
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length));
  const chunks = payloads
    .filter((payload) => payload !== '[DONE]')
    .map((payload) => JSON.parse(payload) as Chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  const calls: { id: string; name: string; arguments: string }[] = [];
  for (const piece of choices.flatMap(({ delta }) => delta.tool_calls ?? [])) {
    const call = (calls[piece.index] ??= { id: '', name: '', arguments: '' });
    call.id += piece.id ?? '';
    call.name += piece.function.name ?? '';
    call.arguments += piece.function.arguments;
  }
  const contents = choices.flatMap(({ delta }) => (delta.content ? [delta.content] : []));
  return {
    chunks,
    contents,
    text: contents.join(''),
    reasoning: choices.map(({ delta }) => delta.reasoning_content ?? '').join(''),
    calls,
    finish: choices.find((choice) => choice.finish_reason !== null)?.finish_reason ?? null,
    usage: chunks.findLast((chunk) => chunk.usage)?.usage,
    done: payloads.at(-1) === '[DONE]',
  };
}

/** A stream that must be answered with status 200 and end whole. */
export async function stream(
  server: ScriptedModelServer,
  messages: readonly TestMessage[] | string,
  body: object = {},
): Promise<Streamed> {
  const answered = await ask(server, messages, body);
  if (answered.status !== 200 || answered.end !== 'whole') throw new Error(JSON.stringify(answered));
  return parseStream(answered.body);
}

/** Runs the tools that the model asks for until it answers in text. */
export async function converse(
  server: ScriptedModelServer,
  harness: Harness,
  prompt: string,
): Promise<Streamed[]> {
  const messages: TestMessage[] = [user(prompt)];
  const answers: Streamed[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const answer = await stream(server, messages);
    answers.push(answer);
    if (answer.calls.length === 0) return answers;
    messages.push(
      calling(
        ...answer.calls.map((call) => [call.id, call.name, JSON.parse(call.arguments) as object] as const),
      ),
      ...answer.calls.map((call) =>
        toolResult(call.id, harness.ok(call.name, JSON.parse(call.arguments) as Record<string, unknown>)),
      ),
    );
  }
  throw new Error('the model goes on and on');
}

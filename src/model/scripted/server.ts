import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidOptionError } from '../../errors.ts';
import { Answerer } from './answerer.ts';
import { APIS } from './api.ts';
import type { Script } from './compile-script.ts';
import { RequestError } from './request-body.ts';
import { ScriptRunError } from './rewrite-calls.ts';
import { errorBody, sendBody } from './respond.ts';
import { checkScript } from './parse-script.ts';
import { readScript } from './read-script.ts';
import type { ScriptedModelScript } from './script.ts';
import type { ScriptedModelStats } from './server-stats.ts';

/** A scripted model that runs. */
export interface ScriptedModelServer {
  /** `http://127.0.0.1:PORT/v1`, as a provider's base URL. */
  readonly baseURL: string;
  readonly port: number;
  /** Requests for an answer so far, whatever became of them. */
  readonly requestCount: number;
  /** What became of them, so far. */
  readonly stats: ScriptedModelStats;
  /** The storm of the script, which began with the server, begins now, or is `atMs` after its beginning. */
  startStorm(atMs?: number): void;
  /** Ends every connection, answered or not. */
  close(): Promise<void>;
}

export interface ScriptedModelOptions {
  /** Default: any that is free. */
  readonly port?: number;
  /** Overrides the script's. */
  readonly seed?: number;
}

/**
 * Starts an OpenAI-compatible server on loopback that answers by a script. It is no language model, and says so in every
 * response. The same script, seed and conversation give the same bytes.
 * @param script  an object, or the path of a YAML file
 * @throws {ConfigFileError} `invalid_yaml`, `invalid_script`; `script_unreadable` when there is no such file
 * @throws {InvalidOptionError} when the port is taken or is none
 */
export async function startScriptedModel(
  script: ScriptedModelScript | string,
  options: ScriptedModelOptions = {},
): Promise<ScriptedModelServer> {
  const read = typeof script === 'string' ? await readScript(script) : script;
  const compiled = checkScript(read, typeof script === 'string' ? script : '(object)');
  const model = new ScriptedModel(compiled, options.seed ?? compiled.seed);
  await model.listen(options.port ?? 0);
  return model;
}

class ScriptedModel implements ScriptedModelServer {
  port = 0;
  readonly #script: Script;
  readonly #answerer: Answerer;
  readonly #server: Server;

  constructor(script: Script, seed: number) {
    this.#script = script;
    this.#answerer = new Answerer(script, seed);
    this.#server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => refuse(error, request, response));
    });
  }

  get requestCount(): number {
    return this.#answerer.requestCount;
  }

  get stats(): ScriptedModelStats {
    return this.#answerer.stats;
  }

  startStorm(atMs = 0): void {
    this.#answerer.startStorm(atMs);
  }

  get baseURL(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async listen(port: number): Promise<void> {
    try {
      // Conversations of a batch or a benchmark begin all at once.
      this.#server.listen({ port, host: '127.0.0.1', backlog: 4096 });
      await once(this.#server, 'listening');
    } catch (error) {
      throw new InvalidOptionError({ option: 'port', problem: (error as Error).message });
    }
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
      this.#answerer.close();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    const api = request.method === 'POST' && path !== undefined ? APIS[path] : undefined;
    if (api) return this.#answerer.answer(api, request, response);
    if (path === '/v1/models' && request.method === 'GET') return sendBody(response, 200, this.#models());
    throw new RequestError(
      404,
      'not_found',
      `No ${request.method} ${path} here; there are ${Object.keys(APIS)
        .map((known) => `POST ${known}`)
        .join(', ')} and GET /v1/models.`,
    );
  }

  #models(): string {
    const data = this.#script.models.map((id) => ({
      id,
      object: 'model',
      created: 1,
      owned_by: 'skein-scripted',
      description: 'Answers by a script. It is no language model.',
    }));
    return JSON.stringify({ object: 'list', data });
  }
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  // What was not read of a body would be taken for the next request.
  const close: Record<string, string> = request.complete ? {} : { connection: 'close' };
  if (response.headersSent || response.destroyed) {
    response.destroy();
  } else if (error instanceof RequestError) {
    sendBody(response, error.status, errorBody(error.message, error.code), close);
  } else if (error instanceof ScriptRunError) {
    sendBody(response, 400, errorBody(error.message, 'script_failed'));
  } else {
    // A function of a script object threw.
    sendBody(
      response,
      500,
      errorBody(`The script failed: ${String(error)}`, 'script_failed', 'server_error'),
    );
  }
}

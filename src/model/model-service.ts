import { ModelError } from '../errors.ts';
import { Redactor } from '../redactor.ts';
import type {
  MessagePortLike,
  ModelCall,
  ModelReply,
  ModelService,
  SerializedModelError,
} from '../protocol/model-protocol.ts';
import { ChatCompletions } from './chat-completions.ts';
import type { Model, ModelDeadlines, ResolvedProvider } from './model.ts';
import { providerSecrets } from './provider-secrets.ts';
import { quirksOf, type ApiName } from './quirks.ts';
import { Responses } from './responses.ts';
import { openTransport } from './recording/open-transport.ts';
import { TextBatcher } from './text-batcher.ts';
import type { Transport } from './transport.ts';

const CLIENTS = { chat: ChatCompletions, responses: Responses };

interface KnownProvider {
  readonly provider: ResolvedProvider;
  readonly deadlines: ModelDeadlines;
  /** Of all its clients. */
  readonly transport: Transport;
  /** Made when first asked for: a provider may speak to its models in either. */
  readonly clients: Map<ApiName, Model>;
}

/** What runs in a model thread: one client a provider and protocol, any number of calls at once. */
export class ThreadModelService implements ModelService {
  readonly #providers = new Map<string, KnownProvider>();
  /** Of all providers: what one is told may be the key of another. */
  readonly #redactor = new Redactor();
  readonly #running = new Map<number, AbortController>();
  /** Why an exchange could not be recorded, until it has been told. */
  #unrecorded: string | undefined;
  #batcher: TextBatcher | undefined;

  connect(options: { readonly port: MessagePortLike; readonly credits: SharedArrayBuffer }): void {
    this.#batcher = new TextBatcher(options.port, options.credits);
  }

  addProvider(provider: ResolvedProvider, deadlines: ModelDeadlines): void {
    this.#redactor.learn(providerSecrets(provider));
    const transport = openTransport(provider, {
      deadlines,
      redactor: this.#redactor,
      onLost: (reason) => (this.#unrecorded ??= reason),
    });
    this.#providers.set(provider.name, { provider, deadlines, transport, clients: new Map() });
  }

  async complete(call: ModelCall): Promise<ModelReply> {
    const reply = await this.#complete(call);
    const unrecorded = this.#unrecorded;
    if (unrecorded === undefined) return reply;
    this.#unrecorded = undefined;
    return { ...reply, unrecorded };
  }

  cancel(callId: number): void {
    this.#running.get(callId)?.abort();
  }

  async #complete(call: ModelCall): Promise<ModelReply> {
    const model = this.#client(call.provider, call.request.model);
    if (!model)
      return failure(
        new ModelError({ kind: 'server', message: `no provider ${call.provider}` }),
        false,
        null,
      );
    const controller = new AbortController();
    this.#running.set(call.callId, controller);
    const beganAt = performance.now();
    let streamedText = false;
    let firstChunkMs: number | null = null;
    try {
      for await (const event of model.stream(call.request, controller.signal, call.origin)) {
        switch (event.type) {
          case 'began':
            this.#batcher?.begin(call.callId, event.limits);
            break;
          case 'text':
          case 'reasoning':
            streamedText = true;
            firstChunkMs ??= performance.now() - beganAt;
            if (call.streamed) this.#batcher?.add(call.callId, event.type, event.text);
            break;
          case 'end':
            this.#batcher?.flush();
            // A response of tool calls only shows nothing before it is whole.
            firstChunkMs ??= performance.now() - beganAt;
            return { ok: true, response: event.response, streamedText, firstChunkMs };
          case 'failed':
            this.#batcher?.flush();
            return failure(event.error, streamedText, firstChunkMs);
        }
      }
    } finally {
      this.#running.delete(call.callId);
    }
    return failure(
      new ModelError({ kind: 'incomplete-stream', message: 'the model ended without a result' }),
      streamedText,
      firstChunkMs,
    );
  }

  #client(providerName: string, modelName: string): Model | undefined {
    const known = this.#providers.get(providerName);
    if (!known) return undefined;
    const { provider, deadlines, transport, clients } = known;
    const { api } = quirksOf(provider, modelName);
    const redactor = this.#redactor;
    const client = clients.get(api) ?? new CLIENTS[api](provider, { deadlines, redactor, transport });
    clients.set(api, client);
    return client;
  }
}

function failure(error: ModelError, streamedText: boolean, firstChunkMs: number | null): ModelReply {
  const serialized: SerializedModelError = {
    kind: error.kind,
    message: error.message,
    status: error.status ?? null,
    retryable: error.retryable,
    retryAfterMs: error.retryAfterMs ?? null,
    limits: error.limits ?? null,
    usage: error.usage ?? null,
    isSpent: error.isSpent,
  };
  return { ok: false, error: serialized, streamedText, firstChunkMs };
}

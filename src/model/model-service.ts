import { ModelError } from '../errors.ts';
import { Redactor } from '../redactor.ts';
import type {
  ModelCall,
  ModelOrder,
  ModelReply,
  ModelService,
  SerializedModelError,
} from '../protocol/model-protocol.ts';
import { Batcher } from './batcher.ts';
import { ChatCompletions } from './chat-completions.ts';
import type { Model, ModelAttempt, ModelDeadlines, ResolvedProvider } from './model.ts';
import { providerSecrets } from './provider-secrets.ts';
import { quirksOf, type ApiName } from './quirks.ts';
import { Responses } from './responses.ts';
import { openTransport } from './recording/open-transport.ts';
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
  readonly #running = new Map<number, ModelAttempt>();
  /** Why an exchange could not be recorded, until it has been told. */
  #unrecorded: string | undefined;

  connect({ port, credits }: Parameters<ModelService['connect']>[0]): void {
    const batcher = new Batcher(port, credits);
    port.on('message', (message) => {
      // Of the main thread's, which is trusted.
      const order = message as ModelOrder;
      if (order.type === 'call') this.#ask(order.call, batcher);
      else this.#running.get(order.callId)?.cancel();
    });
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

  #ask({ callId, provider, request, origin, streamed }: ModelCall, batcher: Batcher): void {
    const beganAt = performance.now();
    let streamedText = false;
    let firstChunkMs: number | null = null;
    let isOver = false;
    const end = (reply: ModelReply): void => {
      isOver = true;
      this.#running.delete(callId);
      batcher.end(callId, this.#withUnrecorded(reply));
    };
    const model = this.#client(provider, request.model);
    if (!model) {
      end(failure(new ModelError({ kind: 'server', message: `no provider ${provider}` }), false, null));
      return;
    }
    const attempt = model.ask(
      request,
      (event) => {
        switch (event.type) {
          case 'began':
            batcher.begin(callId, event.limits);
            break;
          case 'text':
          case 'reasoning':
            streamedText = true;
            firstChunkMs ??= performance.now() - beganAt;
            if (streamed) batcher.add(callId, event.type, event.text);
            break;
          case 'end':
            // A response of tool calls only shows nothing before it is whole.
            firstChunkMs ??= performance.now() - beganAt;
            end({ ok: true, response: event.response, streamedText, firstChunkMs });
            break;
          case 'failed':
            end(failure(event.error, streamedText, firstChunkMs));
        }
      },
      origin,
    );
    if (!isOver) this.#running.set(callId, attempt);
  }

  #withUnrecorded(reply: ModelReply): ModelReply {
    const unrecorded = this.#unrecorded;
    if (unrecorded === undefined) return reply;
    this.#unrecorded = undefined;
    return { ...reply, unrecorded };
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

import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { ModelError, ThreadLostError } from '../errors.ts';
import type { ModelDeadlines, ModelRequest, ModelResponse, ResolvedProvider, Usage } from '../model/model.ts';
import type { Recording } from '../model/recording/recording.ts';
import type { ModelReply, ModelService, SerializedModelError } from '../protocol/model-protocol.ts';
import { connectThread, handOver, type RemoteThread } from '../protocol/rpc.ts';
import { readTextBatch } from '../protocol/schemas.ts';
import type { ModelCaller, ModelCallOptions } from './model-caller.ts';
import { workerFile } from '../threads/worker-file.ts';

export interface ModelThreadsOptions {
  readonly threads: number;
  readonly maxHeapMb: number;
  readonly deadlines: ModelDeadlines;
  /** Looks a provider up by name; its key goes to the model threads and nowhere else. */
  readonly provider: (name: string) => ResolvedProvider;
  /** What their exchanges are kept in. */
  readonly recording: Pick<Recording, 'lose' | 'seal'> | undefined;
}

/**
 * The threads that talk to providers: the only ones with network and keys. They are started when first wanted and
 * replaced when they die; a call to a thread that dies rejects, and can be made again.
 */
export class ModelThreads implements ModelCaller {
  readonly #options: ModelThreadsOptions;
  readonly #threads: (ModelThread | undefined)[];
  #closed = false;

  constructor(options: ModelThreadsOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, () => undefined);
  }

  async complete(provider: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelResponse> {
    if (this.#closed) throw cancelled();
    return this.#leastBusy().complete(provider, request, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(async (thread) => thread?.close()));
    this.#threads.fill(undefined);
    this.#options.recording?.seal();
  }

  #leastBusy(): ModelThread {
    let best = 0;
    for (const [index, thread] of this.#threads.entries()) {
      if (!thread) {
        best = index;
        break;
      }
      if (thread.callCount < (this.#threads[best]?.callCount ?? 0)) best = index;
    }
    const thread = this.#threads[best];
    if (thread && !thread.ended) return thread;
    const fresh = new ModelThread(this.#options);
    this.#threads[best] = fresh;
    return fresh;
  }
}

class ModelThread {
  readonly #options: ModelThreadsOptions;
  readonly #worker: Worker;
  readonly #remote: RemoteThread<ModelService>;
  readonly #known = new Map<string, ResolvedProvider>();
  readonly #listeners = new Map<number, Pick<ModelCallOptions, 'onText' | 'onBegan'>>();
  readonly #taken = new Int32Array(new SharedArrayBuffer(4));
  readonly #textPort: MessagePort;
  #nextCallId = 1;
  callCount = 0;
  ended = false;

  constructor(options: ModelThreadsOptions) {
    this.#options = options;
    this.#worker = new Worker(workerFile('model'), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb },
    });
    this.#remote = connectThread<ModelService>(this.#worker);
    let cause: unknown;
    this.#worker.on('error', (error) => (cause = error));
    this.#worker.on('exit', (exitCode) => {
      this.ended = true;
      this.#textPort.close();
      this.#remote.end(
        new ThreadLostError({ what: 'A model call', reason: cause ? 'error' : 'exit', exitCode, cause }),
      );
    });
    const { port1, port2 } = new MessageChannel();
    this.#textPort = port1;
    this.#textPort.on('message', (message: unknown) => this.#onMessage(message));
    const link = { port: port2, credits: this.#taken.buffer };
    this.#send((service) => service.connect(handOver(link, port2)));
    this.#idle();
  }

  async complete(
    providerName: string,
    request: ModelRequest,
    options: ModelCallOptions,
  ): Promise<ModelResponse> {
    const { signal, origin, onText, onBegan, onFirstChunk } = options;
    if (signal.aborted) throw cancelled();
    this.#introduce(this.#options.provider(providerName));
    const callId = this.#nextCallId++;
    const cancel = (): void => this.#send((service) => service.cancel(callId));
    signal.addEventListener('abort', cancel, { once: true });
    this.#listeners.set(callId, {
      onBegan,
      onText,
    });
    if (this.callCount++ === 0) this.#busy();
    try {
      const reply = await this.#remote.call<ModelReply>((service) =>
        service.complete({ callId, provider: providerName, request, origin, streamed: onText !== undefined }),
      );
      this.#drainText();
      if (reply.firstChunkMs !== null) onFirstChunk?.(reply.firstChunkMs);
      if (reply.unrecorded !== undefined) this.#options.recording?.lose(reply.unrecorded);
      if (reply.ok) return reply.response;
      throw modelError(reply.error);
    } catch (error) {
      const usage = error instanceof ModelError ? error.usage : undefined;
      if (signal.aborted) throw cancelled(usage);
      if (error instanceof ModelError) throw error;
      throw new ModelError({
        kind: 'connect',
        message: 'the model thread ended during the call; it has been replaced',
        retryable: true,
        cause: error,
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#listeners.delete(callId);
      if (--this.callCount === 0) this.#idle();
    }
  }

  async close(): Promise<void> {
    this.#textPort.close();
    await this.#worker.terminate();
  }

  #introduce(provider: ResolvedProvider): void {
    if (this.#known.get(provider.name) === provider) return;
    this.#known.set(provider.name, provider);
    this.#send((service) => service.addProvider(provider, this.#options.deadlines));
  }

  /** A call whose answer nobody waits for; a dead thread is noticed by the calls that do wait. */
  #send(invoke: Parameters<RemoteThread<ModelService>['call']>[0]): void {
    this.#remote.call(invoke).catch(() => undefined);
  }

  /** Text was posted before the reply, but on another port: take what has not been delivered yet. */
  #drainText(): void {
    for (let next = receiveMessageOnPort(this.#textPort); next; next = receiveMessageOnPort(this.#textPort)) {
      this.#onMessage(next.message);
    }
  }

  #onMessage(message: unknown): void {
    Atomics.add(this.#taken, 0, 1);
    const batch = readTextBatch(message);
    if (!batch) return;
    for (const { callId, limits } of batch.began) this.#listeners.get(callId)?.onBegan?.(limits);
    for (const part of batch.parts) this.#listeners.get(part.callId)?.onText?.(part.kind, part.text);
  }

  /** Only calls in progress keep the process alive, not the thread. */
  #busy(): void {
    this.#worker.ref();
    this.#textPort.ref();
  }

  #idle(): void {
    this.#worker.unref();
    this.#textPort.unref();
  }
}

function modelError(error: SerializedModelError): ModelError {
  return new ModelError({
    kind: error.kind,
    message: error.message,
    status: error.status ?? undefined,
    retryable: error.retryable,
    retryAfterMs: error.retryAfterMs ?? undefined,
    limits: error.limits ?? undefined,
    usage: error.usage ?? undefined,
    isSpent: error.isSpent,
  });
}

/** @param usage  what was used up to then */
function cancelled(usage?: Usage): ModelError {
  return new ModelError({ kind: 'cancelled', message: 'the model call was cancelled', usage });
}

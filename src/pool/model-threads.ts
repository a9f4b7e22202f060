import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { ModelError, ThreadLostError } from '../errors.ts';
import type { ModelDeadlines, ModelRequest, ModelResponse, ResolvedProvider, Usage } from '../model/model.ts';
import type { Recording } from '../model/recording/recording.ts';
import type {
  ModelCall,
  ModelOrder,
  ModelReply,
  ModelService,
  SerializedModelError,
  TextPart,
} from '../protocol/model-protocol.ts';
import { connectThread, handOver, type RemoteThread } from '../protocol/rpc.ts';
import { readModelBatch } from '../protocol/read-model-batch.ts';
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

/** A call that the thread has not answered yet. */
interface PendingCall extends Pick<ModelCallOptions, 'onText' | 'onBegan'> {
  readonly resolve: (reply: ModelReply) => void;
  readonly reject: (error: Error) => void;
}

/** A provider that the thread is told of. */
interface Introduction {
  readonly provider: ResolvedProvider;
  /** The thread knows it. */
  readonly done: Promise<void>;
}

class ModelThread {
  readonly #options: ModelThreadsOptions;
  readonly #worker: Worker;
  readonly #remote: RemoteThread<ModelService>;
  readonly #introductions = new Map<string, Introduction>();
  readonly #pending = new Map<number, PendingCall>();
  readonly #taken = new Int32Array(new SharedArrayBuffer(4));
  readonly #port: MessagePort;
  #lost: ThreadLostError | undefined;
  #nextCallId = 1;
  callCount = 0;

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
      const lost = new ThreadLostError({
        what: 'A model call',
        reason: cause ? 'error' : 'exit',
        exitCode,
        cause,
      });
      this.#lost = lost;
      // What it had answered is paid for.
      this.#drain();
      this.#port.close();
      this.#remote.end(lost);
      for (const { reject } of this.#pending.values()) reject(lost);
      this.#pending.clear();
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.on('message', (message: unknown) => this.#onMessage(message));
    const link = { port: port2, credits: this.#taken.buffer };
    void this.#setUp((service) => service.connect(handOver(link, port2)));
    this.#idle();
  }

  get ended(): boolean {
    return this.#lost !== undefined;
  }

  async complete(
    providerName: string,
    request: ModelRequest,
    options: ModelCallOptions,
  ): Promise<ModelResponse> {
    const { signal, origin, onText, onFirstChunk } = options;
    if (signal.aborted) throw cancelled();
    const provider = this.#options.provider(providerName);
    const callId = this.#nextCallId++;
    const cancel = (): void => this.#send({ type: 'cancel', callId });
    if (this.callCount++ === 0) this.#busy();
    try {
      // On another way than the calls, which could overtake it.
      await this.#introduce(provider);
      if (signal.aborted) throw cancelled();
      signal.addEventListener('abort', cancel, { once: true });
      const call = { callId, provider: providerName, request, origin, streamed: onText !== undefined };
      const reply = await this.#ask(call, options);
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
      if (--this.callCount === 0) this.#idle();
    }
  }

  async close(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }

  #introduce(provider: ResolvedProvider): Promise<void> {
    const known = this.#introductions.get(provider.name);
    if (known?.provider === provider) return known.done;
    const done = this.#setUp((service) => service.addProvider(provider, this.#options.deadlines));
    this.#introductions.set(provider.name, { provider, done });
    return done;
  }

  /** What goes wrong is noticed by the calls: the thread is dead, or knows no such provider. */
  async #setUp(invoke: Parameters<RemoteThread<ModelService>['call']>[0]): Promise<void> {
    await this.#remote.call(invoke).catch(() => undefined);
  }

  #ask(call: ModelCall, { onBegan, onText }: ModelCallOptions): Promise<ModelReply> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      this.#pending.set(call.callId, { onBegan, onText, resolve, reject });
      this.#send({ type: 'call', call });
    });
  }

  #send(order: ModelOrder): void {
    this.#port.postMessage(order);
  }

  #onMessage(message: unknown): void {
    Atomics.add(this.#taken, 0, 1);
    const batch = readModelBatch(message);
    // There may have been answers in it, and nobody would miss them: the deadlines are the thread's.
    if (!batch) return void this.#worker.terminate();
    for (const { callId, limits } of batch.began) this.#pending.get(callId)?.onBegan?.(limits);
    const { parts } = batch;
    for (let at = 0; at < parts.length; at += 3) {
      const [callId, kind, text] = [parts[at], parts[at + 1], parts[at + 2]] as unknown as TextPart;
      this.#pending.get(callId)?.onText?.(kind, text);
    }
    for (const { callId, reply } of batch.replies) {
      this.#pending.get(callId)?.resolve(reply);
      this.#pending.delete(callId);
    }
  }

  /** A port that is closed forgets what has come and was not yet told. */
  #drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#onMessage(next.message);
    }
  }

  /** Only calls in progress keep the process alive, not the thread. */
  #busy(): void {
    this.#worker.ref();
    this.#port.ref();
  }

  #idle(): void {
    this.#worker.unref();
    this.#port.unref();
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

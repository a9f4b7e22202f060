import { expose, transfer, wrap, type Remote } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { MessagePort, Worker } from 'node:worker_threads';

/**
 * Comlink, with what it lacks: it never settles a call to a thread that is gone (GoogleChromeLabs/comlink#601), so
 * every call here is raced with the thread's end. Only a thread exposes; the main thread never does, because a
 * comlink `SET` can write `Object.prototype` of the side that exposes.
 */
export interface RemoteThread<Service> {
  /** Calls the service; rejects with what {@link end} was given when the thread ends first. */
  call<Result>(invoke: (service: Remote<Service>) => PromiseLike<Result>): Promise<Result>;
  /** The thread has ended: every call, pending or later, rejects with this error. Idempotent. */
  end(error: Error): void;
}

export function connectThread<Service>(worker: Worker): RemoteThread<Service> {
  const service = wrap<Service>(nodeEndpoint(worker));
  const pending = new Set<(error: Error) => void>();
  let gone: Error | undefined;
  return {
    call<Result>(invoke: (service: Remote<Service>) => PromiseLike<Result>): Promise<Result> {
      if (gone) return Promise.reject<Result>(gone);
      return new Promise<Result>((resolve, reject) => {
        pending.add(reject);
        invoke(service).then(
          (value) => {
            pending.delete(reject);
            resolve(value);
          },
          (error: unknown) => {
            pending.delete(reject);
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    },
    end(error) {
      if (gone) return;
      gone = error;
      for (const reject of pending) reject(error);
      pending.clear();
    },
  };
}

/** Thread side: offers `service` on the thread's own port. */
export function exposeService(service: object, port: MessagePort): void {
  expose(service, nodeEndpoint(port));
}

/** Marks a port in a call's arguments as handed over. */
export function handOver<Value extends object>(value: Value, port: MessagePort): Value {
  return transfer(value, [port as never]);
}

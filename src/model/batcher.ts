import type {
  CallBegan,
  CallReply,
  MessagePortLike,
  ModelBatch,
  ModelReply,
} from '../protocol/model-protocol.ts';
import type { RateLimits } from './model.ts';

/** Messages that may be on their way before the main thread has taken one. */
export const BATCH_CREDITS = 64;
/** How soon to look again when there are no credits left. */
const RETRY_MS = 2;

/** A part that can still grow. */
interface OpenPart {
  readonly callId: number;
  readonly kind: 'text' | 'reasoning';
  text: string;
}

/**
 * Gathers what comes for all calls during one turn of the event loop, text above all, and sends it as one message. At most
 * {@link BATCH_CREDITS} messages are unacknowledged, unless calls have ended: when the main thread is behind, text is gathered
 * longer and the messages get bigger, not more. The main thread counts what it has taken in shared memory.
 */
export class Batcher {
  readonly #port: MessagePortLike;
  readonly #taken: Int32Array;
  #sent = 0;
  #parts: OpenPart[] = [];
  #began: CallBegan[] = [];
  #replies: CallReply[] = [];
  #scheduled = false;
  readonly #flush = (): void => this.#flushOrWait();

  constructor(port: MessagePortLike, credits: SharedArrayBuffer) {
    this.#port = port;
    this.#taken = new Int32Array(credits);
  }

  add(callId: number, kind: 'text' | 'reasoning', text: string): void {
    const last = this.#parts.at(-1);
    if (last && last.callId === callId && last.kind === kind) last.text += text;
    else this.#parts.push({ callId, kind, text });
    this.#schedule();
  }

  /** The call's answer has begun; before any text of it is added. */
  begin(callId: number, limits: RateLimits | null): void {
    this.#began.push({ callId, limits });
    this.#schedule();
  }

  /** The call has ended; after all of its text was added. */
  end(callId: number, reply: ModelReply): void {
    this.#replies.push({ callId, reply });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  #flushOrWait(): void {
    const onTheirWay = (this.#sent - Atomics.load(this.#taken, 0)) | 0;
    if (onTheirWay >= BATCH_CREDITS && this.#replies.length === 0) {
      this.#parts = mergeByCall(this.#parts);
      setTimeout(this.#flush, RETRY_MS);
      return;
    }
    this.#scheduled = false;
    this.#sent = (this.#sent + 1) | 0;
    const parts: (number | string)[] = [];
    for (const { callId, kind, text } of this.#parts) parts.push(callId, kind, text);
    const batch: ModelBatch = { type: 'model-batch', began: this.#began, parts, replies: this.#replies };
    this.#parts = [];
    this.#began = [];
    this.#replies = [];
    this.#port.postMessage(batch);
  }
}

/** Neighbours of one call and kind become one part; other calls between them do not matter, order matters within a call only. */
function mergeByCall(parts: readonly OpenPart[]): OpenPart[] {
  const merged: OpenPart[] = [];
  const lastOf = new Map<number, OpenPart>();
  for (const part of parts) {
    const last = lastOf.get(part.callId);
    if (last?.kind === part.kind) {
      last.text += part.text;
    } else {
      const next = { ...part };
      lastOf.set(part.callId, next);
      merged.push(next);
    }
  }
  return merged;
}

import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

const HEADER_BYTES = 4;
/** Twice what a session's files may take by default; a longer frame is no message of ours. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;

/**
 * Messages over a stream: the length as 32 bits, then the value in V8's own format. Not Node's IPC channel: what a tool in
 * the other process writes into that, by its number, throws here where nobody can catch it.
 */
export class ShardWire {
  readonly #stream: Duplex;
  readonly #onMessage: (message: unknown) => void;
  readonly #onBroken: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted = HEADER_BYTES;
  #inFrame = false;
  #broken = false;

  /** @param onBroken  what came is no message; nothing further is read */
  constructor(stream: Duplex, onMessage: (message: unknown) => void, onBroken: () => void) {
    this.#stream = stream;
    this.#onMessage = onMessage;
    this.#onBroken = onBroken;
    // The other end is gone: `close` says so, and is what both sides act upon.
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /**
   * Resolves when the message is on its way, or never will be.
   * @throws when it is no plain data, or too long
   */
  async send(message: unknown): Promise<void> {
    const frame = serialize(message);
    if (frame.length > MAX_FRAME_BYTES)
      throw new RangeError(`a message of ${frame.length} bytes is too long`);
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(frame.length);
    await new Promise<void>((resolve) => {
      this.#stream.cork();
      this.#stream.write(header);
      this.#stream.write(frame, () => resolve());
      this.#stream.uncork();
    });
  }

  #take(chunk: Buffer): void {
    if (this.#broken) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (!this.#broken && this.#bytes >= this.#wanted) this.#next(this.#cut(this.#wanted));
  }

  #next(bytes: Buffer): void {
    if (!this.#inFrame) {
      this.#wanted = bytes.readUInt32LE();
      this.#inFrame = true;
      if (this.#wanted === 0 || this.#wanted > MAX_FRAME_BYTES) this.#break();
      return;
    }
    this.#wanted = HEADER_BYTES;
    this.#inFrame = false;
    let message: unknown;
    try {
      message = deserialize(bytes);
    } catch {
      return this.#break();
    }
    this.#onMessage(message);
  }

  /** Takes so many bytes off the front. Chunks are joined only when a frame is whole, not each time one comes. */
  #cut(count: number): Buffer {
    const [first] = this.#chunks;
    const all = first && first.length >= count ? first : Buffer.concat(this.#chunks);
    const rest = all === first ? this.#chunks.slice(1) : [];
    this.#chunks = all.length > count ? [all.subarray(count), ...rest] : rest;
    this.#bytes -= count;
    return all.subarray(0, count);
  }

  #break(): void {
    this.#broken = true;
    this.#chunks = [];
    this.#onBroken();
  }
}

import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

const LENGTH_BYTES = 4;
/** Bytes of a shard's key. */
export const KEY_BYTES = 16;
const NO_KEY = Buffer.alloc(0);
/** Twice what a session's files may take by default; a longer frame is no message of ours. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;

/**
 * Messages over a stream: what comes from a shard begins with its key, then the length as 32 bits, then the value in V8's
 * own format. A tool in the shard can write into the stream, by its number, but does not know the key; without that nothing
 * is kept or decoded here, because a few bytes of that format can ask for all memory there is. Not Node's IPC channel: what a tool in
 * the other process writes into that, by its number, throws here where nobody can catch it.
 */
export class ShardWire {
  readonly #stream: Duplex;
  readonly #onMessage: (message: unknown) => void;
  readonly #onBroken: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted: number;
  /** What every frame that comes begins with. */
  readonly #expected: Buffer;
  #own: Buffer = NO_KEY;
  #inFrame = false;
  #broken = false;

  /**
   * @param onBroken  what came is no message; nothing further is read
   * @param expected  the key that frames have to begin with
   */
  constructor(
    stream: Duplex,
    onMessage: (message: unknown) => void,
    onBroken: () => void,
    expected: Buffer = NO_KEY,
  ) {
    this.#expected = expected;
    this.#wanted = expected.length + LENGTH_BYTES;
    this.#stream = stream;
    this.#onMessage = onMessage;
    this.#onBroken = onBroken;
    // The other end is gone: `close` says so, and is what both sides act upon.
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** What every frame that is sent from now on begins with. */
  set key(key: Uint8Array) {
    this.#own = Buffer.from(key);
  }

  /**
   * Resolves when the message is on its way, or never will be.
   * @throws when it is no plain data, or too long
   */
  async send(message: unknown): Promise<void> {
    const frame = serialize(message);
    if (frame.length > MAX_FRAME_BYTES)
      throw new RangeError(`a message of ${frame.length} bytes is too long`);
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32LE(frame.length);
    const header = Buffer.concat([this.#own, length]);
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
      const { length } = this.#expected;
      this.#wanted = bytes.readUInt32LE(length);
      this.#inFrame = true;
      if (!bytes.subarray(0, length).equals(this.#expected)) this.#break();
      else if (this.#wanted === 0 || this.#wanted > MAX_FRAME_BYTES) this.#break();
      return;
    }
    this.#wanted = this.#expected.length + LENGTH_BYTES;
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

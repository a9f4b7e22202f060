import type { ToShard } from '../protocol/shard-messages.ts';
import type { BaseImageHandle } from '../workspace/base-image.ts';

const CHUNK_BYTES = 1024 * 1024;

interface ShelvedImage {
  readonly byteLength: number;
  /** Resolves when all of it has been handed over. */
  readonly sent: Promise<void>;
  users: number;
}

/**
 * Which base images a shard has. Each is sent once, a piece at a time, and kept until others need its room; the
 * coordinator decides, so that both sides always agree.
 */
export class ShardImages {
  readonly #maxBytes: number;
  readonly #send: (message: ToShard) => Promise<void>;
  /** Least recently used first. */
  readonly #images = new Map<string, ShelvedImage>();
  #bytes = 0;
  /** Images sent so far, again or for the first time. */
  sentCount = 0;

  /** @param send  resolves when the message has been written, or never will be */
  constructor(maxBytes: number, send: (message: ToShard) => Promise<void>) {
    this.#maxBytes = maxBytes;
    this.#send = send;
  }

  /** Resolves when the shard has all of them. They stay until the returned function is called. */
  async use(handles: readonly BaseImageHandle[]): Promise<() => void> {
    const images = handles.map((handle) => this.#take(handle));
    this.#evict();
    await Promise.all(images.map((image) => image.sent));
    return () => {
      for (const image of images) image.users -= 1;
      this.#evict();
    };
  }

  #take({ imageId, buffer }: BaseImageHandle): ShelvedImage {
    let image = this.#images.get(imageId);
    if (image) {
      this.#images.delete(imageId);
    } else {
      image = { byteLength: buffer.byteLength, sent: this.#sendImage(imageId, buffer), users: 0 };
      this.#bytes += image.byteLength;
      this.sentCount += 1;
    }
    this.#images.set(imageId, image);
    image.users += 1;
    return image;
  }

  async #sendImage(imageId: string, buffer: SharedArrayBuffer): Promise<void> {
    const { byteLength } = buffer;
    for (let offset = 0; offset < byteLength; offset += CHUNK_BYTES) {
      const bytes = Buffer.from(buffer, offset, Math.min(CHUNK_BYTES, byteLength - offset));
      // One piece at a time: steps of other sessions go in between.
      await this.#send({ type: 'image', imageId, byteLength, offset, bytes });
    }
  }

  #evict(): void {
    for (const [imageId, image] of this.#images) {
      if (this.#bytes <= this.#maxBytes) return;
      if (image.users > 0) continue;
      this.#images.delete(imageId);
      this.#bytes -= image.byteLength;
      void this.#send({ type: 'drop-image', imageId });
    }
  }
}

import type { StepTask } from '../protocol/messages.ts';
import {
  ownChanges,
  type FromShard,
  type ShardTask,
  type ShardThreads,
  type ToShard,
} from '../protocol/shard-messages.ts';
import type { BaseImageHandle } from '../workspace/base-image.ts';
import { systemClock } from '../clock.ts';
import { PiscinaRunner } from './piscina-runner.ts';
import { NO_THREADS } from './step-runner.ts';

/** How often a shard says that it is alive: while it has work, and else. */
const BUSY_BEAT_MS = 100;
const IDLE_BEAT_MS = 1_000;

/** The inside of a shard process: the same threads as without one, behind a message loop. */
export class ShardHost {
  readonly #post: (message: FromShard) => Promise<void>;
  readonly #images = new Map<string, SharedArrayBuffer>();
  #runner: PiscinaRunner | undefined;
  #inFlight = 0;
  #nextBeat: { readonly timer: NodeJS.Timeout; readonly soon: boolean } | undefined;

  /** @param post  rejects when the message cannot be sent at all */
  constructor(post: (message: FromShard) => Promise<void>) {
    this.#post = post;
  }

  receive(message: ToShard): void {
    switch (message.type) {
      case 'setup':
        return this.#setUp(message.threads);
      case 'run':
        return void this.#run(message);
      case 'stop':
        return this.#runner?.stop(message.slot, message.graceMs);
      case 'image':
        return this.#takeImage(message);
      case 'drop-image':
        this.#images.delete(message.imageId);
    }
  }

  #setUp(threads: ShardThreads): void {
    const onStuck = (): void => this.#send({ type: 'stuck' });
    this.#runner = new PiscinaRunner({ ...threads, onStuck }, systemClock);
    this.#send({ type: 'ready' });
    this.#beat();
  }

  async #run({ runId, slot, task }: Extract<ToShard, { type: 'run' }>): Promise<void> {
    if (!this.#runner) throw new Error('a shard is set up before it is given work');
    this.#inFlight += 1;
    if (!this.#nextBeat?.soon) this.#armBeat();
    const run = await this.#runner.run(slot, this.#withImages(task));
    this.#inFlight -= 1;
    try {
      await this.#post({ type: 'ended', runId, run });
    } catch (error) {
      // Too long for a message. That is this step's fault, and no reason to end the others.
      const message = `what the step came to could not be sent: ${error instanceof Error ? error.message : String(error)}`;
      const run = { ok: false, reason: 'error', message, running: [], touched: [] } as const;
      this.#send({ type: 'ended', runId, run });
    }
  }

  #send(message: FromShard): void {
    // These are small; a wire that is gone ends this process.
    this.#post(message).catch(() => undefined);
  }

  #withImages(task: ShardTask): StepTask {
    const changes = ownChanges(task.changes);
    if (!task.state) return { ...task, changes, state: null };
    const { spec, overlay } = task.state;
    const images = spec.images.map((imageId): BaseImageHandle => {
      const buffer = this.#images.get(imageId);
      if (!buffer) throw new Error('an image is sent before the task that needs it');
      return { imageId, buffer };
    });
    return { ...task, changes, state: { spec: { ...spec, images }, overlay: ownChanges(overlay) } };
  }

  #takeImage({ imageId, byteLength, offset, bytes }: Extract<ToShard, { type: 'image' }>): void {
    let buffer = this.#images.get(imageId);
    if (!buffer) this.#images.set(imageId, (buffer = new SharedArrayBuffer(byteLength)));
    new Uint8Array(buffer).set(bytes, offset);
  }

  #beat(): void {
    const health = this.#runner?.health ?? NO_THREADS;
    this.#send({ type: 'beat', rssBytes: process.memoryUsage.rss(), health });
    this.#armBeat();
  }

  #armBeat(): void {
    const soon = this.#inFlight > 0;
    clearTimeout(this.#nextBeat?.timer);
    this.#nextBeat = { timer: setTimeout(() => this.#beat(), soon ? BUSY_BEAT_MS : IDLE_BEAT_MS), soon };
  }
}

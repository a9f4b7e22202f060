import { writeSync } from 'node:fs';

/**
 * What a step's page says is gone with the process that holds it. So the threads of a shard process also write it to a
 * pipe, synchronously, one record each time: what was written before the process died can still be read after.
 *
 * A record: float64 step id, int32 call index (-1: the step was picked up), int32 kind; little endian.
 */
const RECORD_BYTES = 16;
const PICKED_UP = -1;
const KIND_BEGAN = 1;
const KIND_ENDED = 2;

/** The pipe's end in a shard process. */
export const PROGRESS_FD = 3;

/** Full pipe: the coordinator is busy elsewhere. After this long without room the record is given up. */
const MAX_WAIT_MS = 5_000;
const WAIT_MS = 1;

/** Thread: writes the records of one step. */
export class ProgressWriter {
  readonly #fd: number;
  readonly #record = Buffer.alloc(RECORD_BYTES);

  constructor(fd: number, stepId: number) {
    this.#fd = fd;
    this.#record.writeDoubleLE(stepId, 0);
  }

  pickUp(): void {
    this.#write(PICKED_UP, KIND_BEGAN);
  }

  begin(callIndex: number): void {
    this.#write(callIndex, KIND_BEGAN);
  }

  end(callIndex: number): void {
    this.#write(callIndex, KIND_ENDED);
  }

  /** A record is far smaller than what a pipe takes whole, so those of several threads never mix. */
  #write(callIndex: number, kind: number): void {
    this.#record.writeInt32LE(callIndex, 8);
    this.#record.writeInt32LE(kind, 12);
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += WAIT_MS) {
      try {
        writeSync(this.#fd, this.#record);
        return;
      } catch (error) {
        // A closed pipe means that the coordinator is gone, and soon this process.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        Atomics.wait(pause, 0, 0, WAIT_MS);
      }
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** What is known of one step. */
interface StepTrace {
  pickedUp: boolean;
  /** By call: 0 or the kind of its last record. */
  readonly calls: Uint8Array;
}

/** Coordinator: reads the records of one shard. Steps that were not opened are ignored. */
export class ProgressReader {
  readonly #steps = new Map<number, StepTrace>();
  #rest: Buffer = Buffer.alloc(0);

  open(stepId: number, callCount: number): void {
    this.#steps.set(stepId, { pickedUp: false, calls: new Uint8Array(callCount) });
  }

  close(stepId: number): void {
    this.#steps.delete(stepId);
  }

  /** Takes bytes as they come, cut anywhere. */
  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) this.#read(bytes, at);
    this.#rest = bytes.subarray(at);
  }

  /** A thread has come round to the step. */
  pickedUp(stepId: number): boolean {
    return this.#steps.get(stepId)?.pickedUp ?? false;
  }

  /** Indices of the step's calls that have begun and not ended. */
  running(stepId: number): number[] {
    return this.#indices(stepId, (kind) => kind === KIND_BEGAN);
  }

  /** Indices of the step's calls that have begun, whether or not they ended. */
  touched(stepId: number): number[] {
    return this.#indices(stepId, (kind) => kind !== 0);
  }

  #read(bytes: Buffer, at: number): void {
    const step = this.#steps.get(bytes.readDoubleLE(at));
    if (!step) return;
    const callIndex = bytes.readInt32LE(at + 8);
    if (callIndex === PICKED_UP) step.pickedUp = true;
    // A tool may write here too, and whatever it likes: an array takes nothing past its end.
    else step.calls[callIndex] = bytes.readInt32LE(at + 12) === KIND_BEGAN ? KIND_BEGAN : KIND_ENDED;
  }

  #indices(stepId: number, matches: (kind: number) => boolean): number[] {
    return [...(this.#steps.get(stepId)?.calls ?? [])].flatMap((kind, index) =>
      matches(kind) ? [index] : [],
    );
  }
}

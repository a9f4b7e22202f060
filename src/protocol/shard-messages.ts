import * as z from 'zod/mini';
import type { ThreadLossReason } from '../errors.ts';
import type { SessionSpec, SessionState, StepOutcome, StepTask, ThreadSetup } from './messages.ts';
import { readStepOutcome } from './read-step-outcome.ts';

/**
 * What travels between the coordinator and a shard process, see `shard-wire.ts`. Both directions keep their order, so what
 * a step needs is simply sent before it.
 */

/** The wire's end in a shard process. */
export const WIRE_FD = 4;

/** Coordinator → shard. */
export type ToShard =
  /** First, and once. Answered by `ready`; what is said from then on begins with the key. */
  | { readonly type: 'setup'; readonly threads: ShardThreads; readonly key: Uint8Array }
  /** Run one step on the thread of a slot. Answered by exactly one `ended` with the same `runId`. */
  | { readonly type: 'run'; readonly runId: number; readonly slot: number; readonly task: ShardTask }
  /** Ask the step in a slot to stop, and end its thread after the grace. */
  | { readonly type: 'stop'; readonly slot: number; readonly graceMs: number }
  /** A piece of a base image. All pieces come, in order, before the first task that needs it. */
  | {
      readonly type: 'image';
      readonly imageId: string;
      readonly byteLength: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  /** Forget an image. */
  | { readonly type: 'drop-image'; readonly imageId: string };

/** Shard → coordinator. */
export type FromShard =
  | { readonly type: 'ready' }
  | { readonly type: 'ended'; readonly runId: number; readonly run: StepRun }
  /** The shard is alive. Often while it has work. */
  | { readonly type: 'beat'; readonly rssBytes: number; readonly health: ThreadHealth }
  /** A thread that was ended still runs: native code holds it, and will until the process ends. */
  | { readonly type: 'stuck' };

/** How session threads are doing, in numbers of threads. */
export interface ThreadHealth {
  /** That exist now. */
  readonly running: number;
  /** In a step, and their event loop has stood still for half a second or more: they compute, or hang. */
  readonly blocked: number;
  /** Given up and replaced, and still there: native code holds them. A shard process ends with its own. */
  readonly stuck: number;
}

/** How the threads of a shard are set up. */
export interface ShardThreads extends ThreadSetup {
  /** The bundled entry of a session thread. */
  readonly workerFile: string;
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly idleTimeoutMs: number;
  readonly maxHeapMb: number;
}

/** A step task as it goes to another process: images by id, since shared memory cannot follow. */
export interface ShardTask extends Omit<StepTask, 'state'> {
  readonly state: ShardState | null;
}

interface ShardState extends Omit<SessionState, 'spec'> {
  readonly spec: Omit<SessionSpec, 'images'> & { readonly images: readonly string[] };
}

/** How a step ended, or how its thread was lost; indices are those of the step's calls. */
export type StepRun =
  | { readonly ok: true; readonly outcome: StepOutcome }
  | {
      readonly ok: false;
      readonly reason: ThreadLossReason;
      readonly message: string;
      readonly running: readonly number[];
      readonly touched: readonly number[];
    };

export function toShardTask(task: StepTask): ShardTask {
  if (!task.state) return { ...task, state: null };
  const { spec, overlay } = task.state;
  const images = spec.images.map((image) => image.imageId);
  return { ...task, state: { spec: { ...spec, images }, overlay } };
}

const loss = z.object({
  ok: z.literal(false),
  reason: z.enum(['error', 'exit', 'memory', 'deadline', 'cancelled', 'start-failed', 'process']),
  message: z.string(),
  running: z.array(z.int()),
  touched: z.array(z.int()),
});

const health = z.object({ running: z.int(), blocked: z.int(), stuck: z.int() });

const fromShard = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('beat'), rssBytes: z.number(), health }),
  z.object({ type: z.literal('stuck') }),
  z.object({
    type: z.literal('ended'),
    runId: z.int(),
    run: z.union([loss, z.object({ ok: z.literal(true), outcome: z.unknown() })]),
  }),
]);

/** `undefined` when it is none: a custom tool runs in that process, and may have got at anything there. */
export function readFromShard(message: unknown): FromShard | undefined {
  const parsed = fromShard.safeParse(message);
  if (!parsed.success) return undefined;
  if (parsed.data.type !== 'ended' || !parsed.data.run.ok) return parsed.data as FromShard;
  const outcome = readStepOutcome(parsed.data.run.outcome);
  return (
    outcome && {
      ...parsed.data,
      run: { ok: true, outcome: outcome.type === 'done' ? own(outcome) : outcome },
    }
  );
}

/** Bytes arrive as views into the whole message, which one small file would keep alive. */
function own<Done extends { readonly changes: readonly { path: string; bytes: Uint8Array | null }[] }>(
  done: Done,
): Done {
  return { ...done, changes: ownChanges(done.changes) };
}

/** The same changes, their bytes copied out of the message that brought them. */
export function ownChanges<Change extends { readonly path: string; readonly bytes: Uint8Array | null }>(
  changes: readonly Change[],
): Change[] {
  return changes.map((change) =>
    change.bytes ? { ...change, bytes: new Uint8Array(change.bytes) } : change,
  );
}

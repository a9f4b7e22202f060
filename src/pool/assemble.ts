import { availableParallelism } from 'node:os';
import { BudgetTree } from '../gate/budget-tree.ts';
import { ContextBook } from '../context/context-book.ts';
import { Gate } from '../gate/gate.ts';
import { DEFAULT_MAX_RETRY_AFTER_MS, DEFAULT_RETRY_POLICY, type RetryPolicy } from '../gate/retry.ts';
import { Journal } from '../journal/journal.ts';
import { MemoryStore } from '../journal/memory-store.ts';
import type { JournalStore } from '../journal/store.ts';
import { DEFAULT_DEADLINES } from '../model/model.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import type { Tool } from '../tools/tool.ts';
import { DEFAULT_QUOTA, type WorkspaceQuota } from '../workspace/workspace.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { ModelCaller } from './model-caller.ts';
import { earlierWallMs } from './earlier-time.ts';
import { ModelThreads } from './model-threads.ts';
import { ObservedModels } from './observed-models.ts';
import { NO_OBSERVER, type Observer } from './observer.ts';
import type { ModelThreadOptions, PoolOptions } from './options.ts';
import type { ParkingLimits } from './parking.ts';
import { PiscinaRunner } from '../threads/piscina-runner.ts';
import { pauseWarning } from './pause-warning.ts';
import { Placement } from './placement.ts';
import { PoolObserver } from './pool-observer.ts';
import { ProviderBook } from './provider-book.ts';
import type { DriverPorts } from './session-context.ts';
import { ShardRunner } from '../threads/shard-runner.ts';
import type { StepRunner } from '../threads/step-runner.ts';
import type { ThreadListener } from '../threads/thread-event.ts';
import { StepScheduler } from './step-scheduler.ts';
import { workerFile } from '../threads/worker-file.ts';

/** The model of sessions that name none, in a pool that names none (CA-4). */
export const DEFAULT_MODEL = 'openrouter:anthropic/claude-sonnet-4.5';

/** What an open pool is made of. */
export interface PoolParts {
  readonly ports: DriverPorts;
  readonly store: JournalStore;
  readonly runner: StepRunner;
  readonly placement: Placement;
  readonly scheduler: StepScheduler;
  readonly models: ModelCaller;
  readonly providers: ProviderBook;
  readonly maxThreads: number;
  readonly maxSessions: number;
  readonly maxQueuedPrompts: number;
  readonly parking: ParkingLimits;
  readonly tools: readonly Tool[];
  readonly quota: WorkspaceQuota;
  readonly defaultModel: string;
}

/**
 * Puts the parts of a pool together: real threads, real time (unless another clock is given), the options' figures or their defaults.
 * @param threadClock  what threads are given up by, when they take too long: they are as fast as they are, whatever `clock` says
 */
export function assemble(
  options: PoolOptions,
  store: JournalStore = new MemoryStore(),
  clock: Clock = systemClock,
  threadClock: Clock = clock,
): PoolParts {
  const { threads = {}, models: modelOptions = {}, limits = {}, record } = options;
  // First: a recording that cannot be begun leaves no threads behind.
  const providers = new ProviderBook(
    options.providers ?? {},
    typeof record === 'string' ? { directory: record } : record,
  );
  const maxThreads = threads.max ?? Math.max(4, 2 * availableParallelism(), threads.min ?? 0);
  const observer = poolObserver(options, providers, clock);
  const runner = stepRunner(options, maxThreads, threadClock, observer);
  const placement = new Placement(
    {
      maxThreads,
      dedicated: threads.dedicated ?? false,
      patienceMs: threads.patienceMs ?? 5,
      // The main thread and the model thread have work of their own.
      sharedThreads: Math.max(1, Math.floor(availableParallelism() / 2)),
    },
    threadClock,
  );
  const scheduler = new StepScheduler({
    options: { stepTimeoutMs: limits.stepTimeoutMs ?? 30_000, cancelGraceMs: limits.cancelGraceMs ?? 100 },
    placement,
    runner,
  });
  const models = new ModelThreads({
    threads: modelOptions.threads ?? 1,
    maxHeapMb: 1024,
    deadlines: {
      connectMs: modelOptions.connectTimeoutMs ?? DEFAULT_DEADLINES.connectMs,
      firstByteMs: modelOptions.firstByteTimeoutMs ?? DEFAULT_DEADLINES.firstByteMs,
      idleMs: modelOptions.idleTimeoutMs ?? DEFAULT_DEADLINES.idleMs,
      totalMs: modelOptions.totalTimeoutMs ?? DEFAULT_DEADLINES.totalMs,
    },
    provider: (name) => providers.get(name),
    recording: providers.recording,
  });
  // Unlike those of the store's earlier owners, too.
  let stepId = store.epoch * 2 ** 32;
  return {
    ports: {
      clock,
      random: Math.random,
      journal: new Journal(store),
      steps: scheduler,
      models: new ObservedModels(models, observer, clock),
      observer,
      providers,
      gate: new Gate({
        clock,
        random: Math.random,
        maxRetryAfterMs: modelOptions.maxRetryAfterMs ?? DEFAULT_MAX_RETRY_AFTER_MS,
      }),
      retryPolicy: retryPolicy(modelOptions),
      budgets: new BudgetTree({
        pool: options.budget ?? null,
        groups: options.groups ?? {},
        earlierWallMs: (node) => earlierWallMs(store, node),
        epochMs: () => clock.epochMs(),
      }),
      prices: options.prices ?? {},
      warnOfPause: pauseWarning(),
      context: new ContextBook(options.contextTokens),
      redactor: providers.redactor,
      nextStepId: () => (stepId += 1),
    },
    store,
    runner,
    placement,
    scheduler,
    models,
    providers,
    maxThreads,
    maxSessions: limits.maxSessions ?? 100_000,
    maxQueuedPrompts: limits.maxQueuedPrompts ?? 64,
    parking: {
      parkAfterMs: limits.parkAfterMs ?? 60_000,
      maxIdleSessions: limits.maxIdleSessions ?? 2_048,
      maxIdleBytes: limits.maxIdleBytes ?? 256 * 1024 * 1024,
    },
    tools: options.tools ?? [],
    quota: {
      maxFileBytes: limits.maxFileBytes ?? DEFAULT_QUOTA.maxFileBytes,
      maxTotalBytes: limits.maxTotalBytes ?? DEFAULT_QUOTA.maxTotalBytes,
      maxFiles: limits.maxFiles ?? DEFAULT_QUOTA.maxFiles,
    },
    defaultModel: modelOptions.default ?? DEFAULT_MODEL,
  };
}

function poolObserver(
  { onEvent, telemetry = true }: PoolOptions,
  providers: ProviderBook,
  clock: Clock,
): Observer {
  if (telemetry === false && !onEvent) return NO_OBSERVER;
  const { recordContent = false } = typeof telemetry === 'object' ? telemetry : {};
  const baseURLOf = (provider: string): string | undefined => providers.baseURLOf(provider);
  return new PoolObserver({
    clock,
    listener: onEvent,
    telemetry: telemetry
      ? new Telemetry({ recordContent, redactor: providers.redactor, baseURLOf })
      : undefined,
  });
}

function stepRunner(options: PoolOptions, maxThreads: number, clock: Clock, observer: Observer): StepRunner {
  const onThread: ThreadListener = (event) => {
    if (observer.isHeard) observer.tell(event);
  };
  const { threads = {}, limits = {} } = options;
  const common = {
    workerFile: workerFile('session'),
    minThreads: threads.min ?? 0,
    maxThreads,
    idleTimeoutMs: threads.idleTimeoutMs ?? 30_000,
    maxHeapMb: threads.maxHeapMb ?? 512,
    residency: {
      maxSessions: limits.maxResidentSessions ?? 1_024,
      maxBytes: limits.maxResidentBytes ?? 64 * 1024 * 1024,
    },
  };
  if (options.isolation !== 'process') return new PiscinaRunner({ ...common, onThread }, clock);
  return new ShardRunner(
    {
      threads: common,
      shards: options.shards ?? 2,
      maxRssMb: limits.maxShardRssMb ?? 2_048,
      maxImageBytes: 256 * 1024 * 1024,
      onThread,
    },
    clock,
  );
}

function retryPolicy({ maxAttempts, maxWaitMs }: ModelThreadOptions): RetryPolicy {
  return {
    ...DEFAULT_RETRY_POLICY,
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
  };
}

import { BudgetTree } from '../../../src/gate/budget-tree.ts';
import { ContextBook } from '../../../src/context/context-book.ts';
import { Gate } from '../../../src/gate/gate.ts';
import { DEFAULT_MAX_RETRY_AFTER_MS, DEFAULT_RETRY_POLICY } from '../../../src/gate/retry.ts';
import { Journal } from '../../../src/journal/journal.ts';
import { Redactor } from '../../../src/redactor.ts';
import type { PoolParts } from '../../../src/pool/assemble.ts';
import { ObservedModels } from '../../../src/pool/observed-models.ts';
import { Placement } from '../../../src/pool/placement.ts';
import { PoolObserver } from '../../../src/pool/pool-observer.ts';
import { ProviderBook } from '../../../src/pool/provider-book.ts';
import { StepScheduler } from '../../../src/pool/step-scheduler.ts';
import { DEFAULT_QUOTA } from '../../../src/workspace/workspace.ts';
import { EventWatch } from './event-watch.ts';
import { modelOf, SimModel } from './sim-model.ts';
import { SimStore, type SimDisk } from './sim-store.ts';
import { SimThreads } from './sim-threads.ts';
import type { Outside } from './sim-tools.ts';
import type { World } from './world.ts';

/** What one life of the process is made of. */
export interface SimProcess {
  readonly life: number;
  readonly parts: PoolParts;
  readonly store: SimStore;
  readonly threads: SimThreads;
  readonly models: SimModel;
}

/** A process as the seed has it: real coordinator, simulated world. */
export function simProcess(world: World, disk: SimDisk, outside: Outside): SimProcess {
  const { prng, clock } = world;
  const maxThreads = prng.pick([1, 2, 3, 6]);
  const store = new SimStore(world, disk, prng.pick([0, 0, 0.003, 0.01]));
  const threads = new SimThreads(world, disk, maxThreads);
  const models = new SimModel(world, disk);
  const placement = new Placement(
    { maxThreads, dedicated: prng.chance(0.1) && maxThreads === 6, patienceMs: prng.pick([0, 5, 50]) },
    clock,
  );
  const scheduler = new StepScheduler({
    options: { stepTimeoutMs: 600, cancelGraceMs: prng.pick([0, 10, 100]) },
    placement,
    runner: threads,
  });
  const { life } = world;
  const events = new EventWatch({
    watchOf: (sessionId) => disk.watch(sessionId),
    fail: (problem) => world.fail(problem),
    reach: (state) => world.reach(state),
  });
  const observer = new PoolObserver({
    clock,
    // What a process that is dead still does, it does to nobody.
    listener: (event) => {
      if (life === world.life) events.hear(event);
    },
    telemetry: undefined,
  });
  let stepId = store.epoch * 2 ** 32;
  const providers = new ProviderBook({ sim: { baseURL: 'http://127.0.0.1:9' } });
  const parts: PoolParts = {
    ports: {
      clock,
      random: () => prng.float(),
      journal: new Journal(store),
      steps: scheduler,
      models: new ObservedModels(models, observer, clock),
      providers,
      context: new ContextBook(),
      gate: new Gate({
        clock,
        random: () => prng.float(),
        maxRetryAfterMs: DEFAULT_MAX_RETRY_AFTER_MS,
      }),
      retryPolicy: { ...DEFAULT_RETRY_POLICY, baseDelayMs: 50 },
      budgets: new BudgetTree({ epochMs: () => clock.epochMs() }),
      prices: {},
      warnOfPause: () => undefined,
      redactor: new Redactor(),
      observer,
      nextStepId: () => (stepId += 1),
    },
    store,
    runner: threads,
    placement,
    scheduler,
    models,
    providers,
    maxThreads,
    maxSessions: 100,
    maxQueuedPrompts: prng.pick([1, 3, 8]),
    parking: {
      parkAfterMs: prng.pick([50, 400, 60_000]),
      maxIdleSessions: prng.pick([1, 2, 100]),
      maxIdleBytes: prng.pick([1_000, 1_000_000]),
    },
    tools: outside.tools(),
    quota: DEFAULT_QUOTA,
    defaultModel: modelOf('nobody'),
  };
  return { life, parts, store, threads, models };
}

import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { PoolClosedError, SessionExistsError } from '../errors.ts';
import { DEFAULT_RETRY_POLICY } from '../gate/retry.ts';
import { Journal } from '../journal/journal.ts';
import { MemoryStore } from '../journal/memory-store.ts';
import { SessionRecord } from '../journal/session-record.ts';
import type { JournalStore } from '../journal/store.ts';
import { DEFAULT_DEADLINES, type ProviderOptions, type ResolvedProvider } from '../model/model.ts';
import { resolveModel } from '../model/providers.ts';
import type { SessionSpec } from '../protocol/messages.ts';
import { loadSkills } from '../skills/load-skills.ts';
import type { SkillWarning } from '../skills/skill.ts';
import { DEFAULT_PRESET } from '../tools/presets.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { fromFiles } from '../workspace/from-files.ts';
import { DEFAULT_QUOTA, type WorkspaceQuota } from '../workspace/workspace.ts';
import { systemClock, type Clock } from './clock.ts';
import { HostTools } from './host-tools.ts';
import { ModelThreads } from './model-threads.ts';
import { checkPoolOptions, checkSessionOptions, type PoolOptions, type SessionOptions } from './options.ts';
import { PiscinaRunner } from './piscina-runner.ts';
import { Placement } from './placement.ts';
import { SessionDriver, type DriverPorts } from './session-driver.ts';
import { CLOSE_DEADLINE_MS, Session } from './session.ts';
import type { SessionStateName } from './session-state.ts';
import { StepScheduler } from './step-scheduler.ts';
import type { StepRunner } from './step-runner.ts';
import { toolSources } from './tool-sources.ts';
import { Watchdog } from './watchdog.ts';

/** The model of sessions that name none, in a pool that names none (CA-4). */
export const DEFAULT_MODEL = 'openrouter:anthropic/claude-sonnet-4.5';
/** Tool rounds a prompt may take (CA-8). */
export const DEFAULT_MAX_TURNS = 10;

export interface PoolStats {
  /** Open sessions by state. */
  readonly sessions: Readonly<Record<SessionStateName, number>>;
  /** Session threads that exist now, and the most there may be. */
  readonly threads: { readonly running: number; readonly max: number };
  /** Steps that wait for a thread. */
  readonly waitingSteps: number;
  /** Steps that found their session's files missing in their thread and were sent again with them. */
  readonly misses: number;
}

/** The open pool's parts; a simulation or a test may bring its own. */
interface PoolParts {
  readonly ports: DriverPorts;
  readonly store: JournalStore;
  readonly runner: StepRunner;
  readonly placement: Placement;
  readonly scheduler: StepScheduler;
  readonly models: ModelThreads;
  readonly maxThreads: number;
  readonly maxQueuedPrompts: number;
  readonly quota: WorkspaceQuota;
  readonly defaultModel: string;
  readonly providers: ProviderBook;
}

/** Runs many sessions in this process. Open one, start sessions, close it. */
export class SessionPool implements AsyncDisposable {
  readonly #parts: PoolParts;
  readonly #sessions = new Map<string, { session: Session; driver: SessionDriver }>();
  /** Ids of sessions that are being started. */
  readonly #starting = new Set<string>();
  #closing: Promise<void> | undefined;

  private constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /**
   * Opens a pool. Threads start when they are first wanted (or `threads.min` at once).
   * @throws {InvalidOptionError}
   */
  static async open(options: PoolOptions = {}): Promise<SessionPool> {
    return new SessionPool(assemble(checkPoolOptions(options)));
  }

  /**
   * Starts a session. Skills that cannot be read are skipped and told to `onWarning`; everything else that is wrong is refused.
   * @throws `session_exists`, `pool_closed`, `invalid_option`, `unknown_provider`, `missing_key`, `unknown_preset`,
   *   `invalid_tool`, `duplicate_tool`, `tool_module_failed`
   */
  async start(options: SessionOptions = {}): Promise<Session> {
    if (this.#closing) throw new PoolClosedError();
    const checked = checkSessionOptions(options);
    const sessionId = checked.id ?? randomUUID();
    if (this.#sessions.has(sessionId) || this.#starting.has(sessionId)) {
      throw new SessionExistsError({ sessionId });
    }
    this.#starting.add(sessionId);
    try {
      return await this.#start(sessionId, checked);
    } finally {
      this.#starting.delete(sessionId);
    }
  }

  /** The open session of that id. */
  session(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId)?.session;
  }

  /** Ids of the open sessions, oldest first. */
  sessionIds(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  stats(): PoolStats {
    const sessions: Record<SessionStateName, number> = {
      idle: 0,
      queued: 0,
      running: 0,
      'waiting-model': 0,
      suspended: 0,
      closed: 0,
      failed: 0,
    };
    for (const { driver } of this.#sessions.values()) sessions[driver.state] += 1;
    const { runner, placement, scheduler, maxThreads } = this.#parts;
    return {
      sessions,
      threads: { running: runner.threadCount, max: maxThreads },
      waitingSteps: placement.waitingCount,
      misses: scheduler.missCount,
    };
  }

  /**
   * Starts nothing more, lets accepted prompts end (at most `deadlineMs`, then they are cancelled), ends all sessions
   * and threads. Idempotent.
   */
  close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    return (this.#closing ??= this.#close(options.deadlineMs ?? CLOSE_DEADLINE_MS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(sessionId: string, options: SessionOptions): Promise<Session> {
    const { ports, providers, quota, maxQueuedPrompts, defaultModel } = this.#parts;
    const model = options.model ?? defaultModel;
    providers.resolve(model);
    const { sources, hostTools } = toolSources(options.tools ?? [DEFAULT_PRESET]);
    const { skills, warnings } = await loadSkills(options.skills ?? []);
    for (const warning of warnings) warn(warning);
    const images = imagesOf(options);
    const spec: SessionSpec = {
      sessionId,
      model,
      modelOptions: structuredClone(options.modelOptions ?? {}),
      system: options.system ?? '',
      skills,
      tools: sources,
      images: images.map((image) => image.handle),
      maxTurns: options.maxTurns ?? DEFAULT_MAX_TURNS,
      quota,
    };
    const record = new SessionRecord(spec);
    const driver = new SessionDriver(
      { record, images, hostTools: new HostTools(hostTools, ports.clock), maxQueuedPrompts },
      ports,
    );
    await ports.journal.open(record, ports.clock.epochMs());
    try {
      // Without modules the first prompt's step does this too, for nothing.
      if (sources.some((source) => source.kind === 'module')) await driver.open();
    } catch (error) {
      this.#forget(sessionId);
      throw error;
    }
    const session = new Session({
      driver,
      images,
      clock: ports.clock,
      onClosed: () => this.#forget(sessionId),
    });
    this.#sessions.set(sessionId, { session, driver });
    return session;
  }

  #forget(sessionId: string): void {
    this.#sessions.delete(sessionId);
    this.#parts.scheduler.forget(sessionId);
  }

  async #close(deadlineMs: number): Promise<void> {
    const sessions = [...this.#sessions.values()].map(({ session }) => session.close({ deadlineMs }));
    await Promise.allSettled(sessions);
    await Promise.all([this.#parts.runner.close(), this.#parts.models.close()]);
    await this.#parts.store.close();
  }
}

/** The session's own first files, then the shared ones. */
function imagesOf(options: SessionOptions): BaseImage[] {
  const images: BaseImage[] = [];
  if (options.files !== undefined) images.push(fromFiles(options.files));
  if (options.base) images.push(options.base);
  return images;
}

function warn(warning: SkillWarning): void {
  process.emitWarning(`${warning.path}: ${warning.message}`, {
    type: 'SkeinSkillWarning',
    code: warning.code,
  });
}

/** Providers as they were resolved when a session first named them. The one place on this side that holds keys. */
class ProviderBook {
  readonly #options: Readonly<Record<string, ProviderOptions>>;
  readonly #resolved = new Map<string, ResolvedProvider>();

  constructor(options: Readonly<Record<string, ProviderOptions>>) {
    this.#options = options;
  }

  /** @throws `unknown_provider`, `missing_key`, `invalid_option` */
  resolve(model: string): void {
    const { provider } = resolveModel(model, this.#options, process.env);
    if (!this.#resolved.has(provider.name)) this.#resolved.set(provider.name, provider);
  }

  get(name: string): ResolvedProvider {
    const provider = this.#resolved.get(name);
    if (!provider) throw new TypeError(`provider ${name} was not resolved`);
    return provider;
  }
}

function assemble(options: PoolOptions): PoolParts {
  const { threads = {}, models: modelOptions = {}, limits = {} } = options;
  const clock: Clock = systemClock;
  const maxThreads = threads.max ?? Math.max(4, 2 * availableParallelism(), threads.min ?? 0);
  const runner = new PiscinaRunner({
    minThreads: Math.min(threads.min ?? 0, maxThreads),
    maxThreads,
    idleTimeoutMs: threads.idleTimeoutMs ?? 30_000,
    maxHeapMb: threads.maxHeapMb ?? 512,
    residency: {
      maxSessions: limits.maxResidentSessions ?? 64,
      maxBytes: limits.maxResidentBytes ?? 64 * 1024 * 1024,
    },
  });
  const placement = new Placement(
    { maxThreads, dedicated: threads.dedicated ?? false, patienceMs: threads.patienceMs ?? 5 },
    clock,
  );
  const scheduler = new StepScheduler({
    options: { stepTimeoutMs: limits.stepTimeoutMs ?? 30_000, cancelGraceMs: limits.cancelGraceMs ?? 100 },
    placement,
    runner,
    watchdog: new Watchdog(clock),
    clock,
  });
  const providers = new ProviderBook(options.providers ?? {});
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
  });
  const store = new MemoryStore();
  let stepId = 0;
  return {
    ports: {
      clock,
      random: Math.random,
      journal: new Journal(store),
      steps: scheduler,
      models,
      retryPolicy: {
        ...DEFAULT_RETRY_POLICY,
        ...(modelOptions.maxAttempts === undefined ? {} : { maxAttempts: modelOptions.maxAttempts }),
        ...(modelOptions.maxRetryAfterMs === undefined
          ? {}
          : { maxRetryAfterMs: modelOptions.maxRetryAfterMs }),
      },
      nextStepId: () => (stepId += 1),
    },
    store,
    runner,
    placement,
    scheduler,
    models,
    maxThreads,
    maxQueuedPrompts: limits.maxQueuedPrompts ?? 64,
    quota: {
      maxFileBytes: limits.maxFileBytes ?? DEFAULT_QUOTA.maxFileBytes,
      maxTotalBytes: limits.maxTotalBytes ?? DEFAULT_QUOTA.maxTotalBytes,
      maxFiles: limits.maxFiles ?? DEFAULT_QUOTA.maxFiles,
    },
    defaultModel: modelOptions.default ?? DEFAULT_MODEL,
    providers,
  };
}

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  InvalidOptionError,
  PoolClosedError,
  PoolFullError,
  SessionExistsError,
  StoreError,
  UnknownGroupError,
} from '../errors.ts';
import type { BudgetStatus, Spending } from '../gate/budget.ts';
import { DEFAULT_LOOPS } from '../context/loops.ts';
import { DEFAULT_CONTEXT } from '../context/room.ts';
import type { LaneStats } from '../gate/lane-stats.ts';
import { openStore } from '../journal/open-store.ts';
import { SessionRecord } from '../journal/session-record.ts';
import { nearest } from '../nearest.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { SessionSpec } from '../protocol/messages.ts';
import { loadSkills } from '../skills/load-skills.ts';
import type { SkillWarning } from '../skills/skill.ts';
import { DEFAULT_PRESET } from '../tools/presets.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { fromFiles } from '../workspace/from-files.ts';
import { assemble, type PoolParts } from './assemble.ts';
import { OpenSessions } from './open-sessions.ts';
import {
  checkCloseOptions,
  checkGroupBudget,
  checkPoolBudget,
  checkPoolOptions,
  checkSessionOptions,
  type CloseOptions,
  type ForkOptions,
  type PoolOptions,
  type SessionOptions,
} from './options.ts';
import { restoredEntry } from './past-points.ts';
import { recoverSessions, type Recovery, type RecoverMode } from './recovery.ts';
import type { SessionDriver } from './session-driver.ts';
import { CLOSE_DEADLINE_MS, type Session } from './session.ts';
import type { SessionStateName } from './session-state.ts';
import type { ThreadHealth } from '../threads/step-runner.ts';
import { toolSources } from './tool-sources.ts';
import type { ModelNames } from './provider-book.ts';

/** Tool rounds a prompt may take (CA-8). */
export const DEFAULT_MAX_TURNS = 10;

export interface PoolStats {
  /** Open sessions by state. */
  readonly sessions: Readonly<Record<SessionStateName, number>> & {
    /** Idle ones that have left memory: only their journal is kept. */
    readonly parked: number;
  };
  /** Messages and changed files of the idle sessions in memory, in bytes, roughly. */
  readonly idleBytes: number;
  /** Session threads, how they are doing, and the most there may be. */
  readonly threads: ThreadHealth & { readonly max: number };
  /** Steps that wait for a thread. */
  readonly waitingSteps: number;
  /** How long the first of them has waited. */
  readonly longestWaitMs: number;
  /** Steps that found their session's files missing in their thread and were sent again with them. */
  readonly misses: number;
  /** Requests on their way to each model, of each key. */
  readonly gate: readonly LaneStats[];
}

/** Runs many sessions in this process. Open one, start sessions, close it. */
export class SessionPool implements AsyncDisposable {
  readonly #parts: PoolParts;
  readonly #sessions: OpenSessions;
  /** Sessions that are being started. */
  readonly #starting = new Map<string, Promise<Session>>();
  #recovery: Recovery = { resumed: [], interrupted: [], unreadable: [] };
  #closing: Promise<void> | undefined;
  /** Ends the starts in progress when the pool closes. */
  readonly #stopStarts = new AbortController();
  readonly #stopCounting: () => void;

  private constructor(parts: PoolParts) {
    this.#parts = parts;
    // Every start that waits listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.#stopStarts.signal);
    this.#sessions = new OpenSessions({
      ...parts,
      admit: (models) => parts.providers.admitAll(models),
      fork: (parent, options) => this.#fork(parent, options),
    });
    this.#stopCounting = parts.ports.observer.countSessions(() => this.stats().sessions);
  }

  /**
   * Opens a pool. Threads start when they are first wanted (or `threads.min` at once). Sessions in the store are found,
   * and prompts that an earlier process left there are gone on with; see {@link recovery}.
   * @throws {InvalidOptionError} @throws {StoreError} `unknown_provider`, `missing_key` when a prompt in the store could
   *   not be finished
   */
  static async open(options: PoolOptions = {}): Promise<SessionPool> {
    const checked = checkPoolOptions(options);
    const store =
      typeof checked.store === 'object' ? checked.store : await openStore(checked.store ?? 'memory');
    try {
      return await SessionPool.over(assemble(checked, store), checked.recover);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Not for callers: a pool over parts of your own, as a simulation or a test has them. */
  static async over(parts: PoolParts, recover: RecoverMode = 'finish'): Promise<SessionPool> {
    const pool = new SessionPool(parts);
    const { store, providers, ports } = parts;
    try {
      ports.budgets.takeIn([...store.sessions(), ...(store.hiddenSessions?.() ?? [])]);
      const admit = (models: ModelNames): void => providers.admitAll(models);
      pool.#recovery = await recoverSessions(pool.#sessions, store, recover, admit, ports.clock);
    } catch (error) {
      await pool.close({ deadlineMs: 0 }).catch(() => undefined);
      throw error;
    }
    return pool;
  }

  /** What was found in the store when the pool was opened. */
  get recovery(): Recovery {
    return this.#recovery;
  }

  /**
   * Starts a session. Skills that cannot be read are skipped with a process warning (`SkeinSkillWarning`); everything else
   * that is wrong is refused.
   * @throws `session_exists`, `pool_full`, `pool_closed`, `invalid_option`, `unknown_provider`, `missing_key`,
   *   `unknown_preset`, `invalid_tool`, `duplicate_tool`, `tool_module_failed`, what the store throws
   */
  async start(options: SessionOptions = {}): Promise<Session> {
    const checked = checkSessionOptions(options);
    return this.#admit(checked.id, (sessionId) => this.#start(sessionId, checked));
  }

  /** The session of that id: one of this process, or one that the store has. A closed one can still be read there. */
  session(sessionId: string): Session | undefined {
    return this.#starting.has(sessionId) ? undefined : this.#sessions.get(sessionId);
  }

  /** Ids of the open sessions, oldest first. */
  sessionIds(): readonly string[] {
    return this.#sessions.ids;
  }

  /** Closes a session (see `session.close`) and forgets it, its journal included. Unknown ids are ignored. */
  async remove(sessionId: string, options: CloseOptions = {}): Promise<void> {
    // What is removed in the middle of its start would go on without the beginning of its journal.
    await this.#starting.get(sessionId)?.catch(() => undefined);
    try {
      await this.session(sessionId)?.close(options);
    } catch (error) {
      // What cannot be read can still be forgotten.
      if (!(error instanceof StoreError)) throw error;
    }
    this.#sessions.forget(sessionId);
    await this.#parts.store.remove(sessionId);
  }

  /** What all sessions have spent, closed ones and those of earlier processes in the same store included. */
  usage(): Spending {
    return this.budgetStatus();
  }

  /** The same of a group. @throws {UnknownGroupError} */
  groupUsage(name: string): Spending {
    return this.budgetStatus(name);
  }

  /** The budget of the pool, or of a group, and what is spent of it. @throws {UnknownGroupError} */
  budgetStatus(group?: string): BudgetStatus {
    const { budgets, clock } = this.#parts.ports;
    return budgets.status(clock.now(), group) ?? this.#unknownGroup(group ?? '');
  }

  /** Another budget for all sessions together; null for none. Prompts that waited for it go on where it allows that. */
  setBudget(budget: BudgetOptions | null): void {
    this.#parts.ports.budgets.setPoolLimits(checkPoolBudget(budget));
  }

  /** The same for a group, which is made where there is none of the name. */
  setGroupBudget(name: string, budget: BudgetOptions | null): void {
    checkGroupBudget(name, budget);
    this.#parts.ports.budgets.setGroupLimits(name, budget);
  }

  stats(): PoolStats {
    const { byState, parked, idleBytes } = this.#sessions.stats;
    const { runner, placement, scheduler, maxThreads } = this.#parts;
    return {
      sessions: { ...byState, parked },
      idleBytes,
      threads: { ...runner.health, max: maxThreads },
      waitingSteps: placement.waitingCount,
      longestWaitMs: placement.longestWaitMs,
      misses: scheduler.missCount,
      gate: this.#parts.ports.gate.stats(),
    };
  }

  /**
   * Starts nothing more, lets accepted prompts end for at most `deadlineMs`, ends all threads. What has not ended then is
   * cancelled; with a store that outlives the process it is left as it is instead (its callers get `prompt_parked`) and
   * goes on when the store is opened again, and sessions stay open in it. May be called again, for instance with a
   * shorter deadline.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options, 'pool.close');
    const deadlineMs = options.deadlineMs ?? CLOSE_DEADLINE_MS;
    if (this.#closing) {
      // The first call tells of failures.
      for (const driver of this.#sessions.drivers) this.#end(driver, deadlineMs).catch(() => undefined);
    }
    return (this.#closing ??= this.#close(deadlineMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Has a session begun where there is room for it, under an id that nobody has. */
  async #admit(id: string | undefined, begin: (sessionId: string) => Promise<Session>): Promise<Session> {
    if (this.#closing) throw new PoolClosedError();
    const sessionId = id ?? randomUUID();
    if (this.#starting.has(sessionId) || this.#sessions.has(sessionId)) {
      throw new SessionExistsError({ sessionId });
    }
    const { maxSessions } = this.#parts;
    if (this.#sessions.size + this.#starting.size >= maxSessions) throw new PoolFullError({ maxSessions });
    const starting = begin(sessionId);
    this.#starting.set(sessionId, starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(sessionId);
    }
  }

  /** A session that begins as another one was; it runs nowhere before its first prompt. */
  async #fork(parent: SessionDriver, { at, id, model }: ForkOptions): Promise<Session> {
    // Also where the parent was removed: its points and prompts would have the same names as the fork's own.
    if (id === parent.sessionId) throw new SessionExistsError({ sessionId: id });
    return this.#admit(id, async (sessionId) => {
      const { record: of, images, hostTools } = parent;
      const from = parent.snapshot(at);
      const { budget: _, ...shared } = of.spec;
      const spec: SessionSpec = {
        ...shared,
        sessionId,
        ...(model && otherModel(of.spec, model)),
        ...(of.budget ? { budget: of.budget } : {}),
      };
      const { ports, providers } = this.#parts;
      providers.admitAll(spec);
      const record = new SessionRecord(spec);
      const openedAt = ports.clock.epochMs();
      const { opening } = of;
      const restored = restoredEntry(from, record, { opening, stepId: ports.nextStepId(), at: openedAt });
      await ports.journal.open(record, openedAt, restored);
      this.#sessions.add(record, images, hostTools);
      return this.#begun(sessionId, spec.model, parent.sessionId);
    });
  }

  async #start(sessionId: string, options: SessionOptions): Promise<Session> {
    const { ports, providers, quota, defaultModel } = this.#parts;
    const model = options.model ?? defaultModel;
    providers.admitAll({ ...options, model });
    const account = this.#accountOf(options);
    const { skills, warnings } = await loadSkills(options.skills ?? []);
    for (const warning of warnings) warn(warning);
    const { sources, hostTools } = toolSources(options.tools ?? [DEFAULT_PRESET], skills);
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
      ...(options.budget ? { budget: options.budget } : {}),
      ...account,
      context: { ...DEFAULT_CONTEXT, ...options.context },
      loops: options.loops === false ? false : { ...DEFAULT_LOOPS, ...options.loops },
      ...(options.fallback && options.fallback.length > 0 ? { fallback: [...options.fallback] } : {}),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
    };
    const record = new SessionRecord(spec);
    await ports.journal.open(record, ports.clock.epochMs());
    const driver = this.#sessions.add(record, images, hostTools);
    try {
      // Without modules the first prompt's step does this too, for nothing.
      if (sources.some((source) => source.kind === 'module')) await driver.open(this.#stopStarts.signal);
    } catch (error) {
      await this.#abandon(sessionId);
      throw this.#closing ? new PoolClosedError() : error;
    }
    return this.#begun(sessionId, model, null);
  }

  /** What the spending of a new session counts against. */
  #accountOf({ group, parent }: SessionOptions): Pick<SessionSpec, 'group' | 'parent'> {
    const { budgets } = this.#parts.ports;
    if (group !== undefined && !budgets.groupNames.includes(group)) this.#unknownGroup(group);
    if (parent === undefined) return group === undefined ? {} : { group };
    const ofParent = this.#sessions.parent(parent).record.spec.group;
    if (group !== undefined && group !== ofParent) {
      throw new InvalidOptionError({
        option: 'group',
        problem: `a session counts against its parent's group (${ofParent ?? 'none'}), but was given ${group}`,
      });
    }
    budgets.becomesParent(parent);
    return { parent, ...(ofParent === undefined ? {} : { group: ofParent }) };
  }

  #unknownGroup(group: string): never {
    throw new UnknownGroupError({ group, hint: nearest(group, this.#parts.ports.budgets.groupNames) });
  }

  /** The session, unless the pool was closed while it was begun. */
  async #begun(sessionId: string, model: string, forkOf: string | null): Promise<Session> {
    const session = this.#closing ? undefined : this.#sessions.get(sessionId);
    if (session) {
      const { observer } = this.#parts.ports;
      if (observer.isHeard) observer.tell({ type: 'session-opened', sessionId, model, forkOf });
      this.#sessions.rest(sessionId);
      return session;
    }
    await this.#abandon(sessionId);
    throw new PoolClosedError();
  }

  /** It was never started after all: nobody has heard of it. */
  async #abandon(sessionId: string): Promise<void> {
    this.#sessions.forget(sessionId);
    await this.#parts.store.remove(sessionId);
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#stopStarts.abort();
    await Promise.allSettled(this.#starting.values());
    const ended = await Promise.allSettled(
      this.#sessions.stopTaking().map((driver) => this.#end(driver, deadlineMs)),
    );
    this.#sessions.close();
    this.#stopCounting();
    this.#parts.ports.gate.close();
    await Promise.all([this.#parts.runner.close(), this.#parts.models.close()]);
    await this.#parts.store.close();
    for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #end(driver: SessionDriver, deadlineMs: number): Promise<void> {
    return this.#parts.store.durable ? driver.park(deadlineMs) : driver.close(deadlineMs);
  }
}

/** What of a session depends on its model, for one that has another. */
function otherModel(of: SessionSpec, model: string): Partial<SessionSpec> {
  if (model === of.model || !of.context) return { model };
  return { model, context: { ...of.context, windowTokens: null } };
}

/** The session's own first files, then the shared ones. */
function imagesOf(options: SessionOptions): BaseImage[] {
  const { files, base } = options;
  const own = files === undefined ? [] : [fromFiles(files)];
  return base ? own.concat(base) : own;
}

function warn(warning: SkillWarning): void {
  process.emitWarning(`${warning.path}: ${warning.message}`, {
    type: 'SkeinSkillWarning',
    code: warning.code,
  });
}

import { randomUUID } from 'node:crypto';
import { PoolClosedError, SessionExistsError } from '../errors.ts';
import { SessionRecord } from '../journal/session-record.ts';
import type { SessionSpec } from '../protocol/messages.ts';
import { loadSkills } from '../skills/load-skills.ts';
import type { SkillWarning } from '../skills/skill.ts';
import { DEFAULT_PRESET } from '../tools/presets.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { fromFiles } from '../workspace/from-files.ts';
import { assemble, type PoolParts } from './assemble.ts';
import { HostTools } from './host-tools.ts';
import {
  checkCloseOptions,
  checkPoolOptions,
  checkSessionOptions,
  type CloseOptions,
  type PoolOptions,
  type SessionOptions,
} from './options.ts';
import { SessionContext } from './session-context.ts';
import { SessionDriver } from './session-driver.ts';
import { CLOSE_DEADLINE_MS, Session } from './session.ts';
import type { SessionStateName } from './session-state.ts';
import { toolSources } from './tool-sources.ts';

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

/** Runs many sessions in this process. Open one, start sessions, close it. */
export class SessionPool implements AsyncDisposable {
  readonly #parts: PoolParts;
  readonly #sessions = new Map<string, { session: Session; driver: SessionDriver }>();
  /** Sessions that are being started. */
  readonly #starting = new Map<string, Promise<Session>>();
  #closing: Promise<void> | undefined;
  /** Ends the starts in progress when the pool closes. */
  readonly #stopStarts = new AbortController();

  private constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /**
   * Opens a pool. Threads start when they are first wanted (or `threads.min` at once).
   * @throws {InvalidOptionError}
   */
  static async open(options: PoolOptions = {}): Promise<SessionPool> {
    return SessionPool.of(assemble(checkPoolOptions(options)));
  }

  /** Not for callers: a pool over parts of your own, as a simulation or a test has them. */
  static of(parts: PoolParts): SessionPool {
    return new SessionPool(parts);
  }

  /**
   * Starts a session. Skills that cannot be read are skipped with a process warning (`SkeinSkillWarning`); everything else
   * that is wrong is refused.
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
    const starting = this.#start(sessionId, checked);
    this.#starting.set(sessionId, starting);
    try {
      return await starting;
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
   * and threads. May be called again, for instance with a shorter deadline.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options, 'pool.close');
    const deadlineMs = options.deadlineMs ?? CLOSE_DEADLINE_MS;
    if (this.#closing) {
      // The first call tells of failures.
      for (const { session } of this.#sessions.values()) session.close({ deadlineMs }).catch(() => undefined);
    }
    return (this.#closing ??= this.#close(deadlineMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(sessionId: string, options: SessionOptions): Promise<Session> {
    const { ports, providers, quota, maxQueuedPrompts, defaultModel } = this.#parts;
    const model = options.model ?? defaultModel;
    providers.admit(model);
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
    };
    const record = new SessionRecord(spec);
    const context = new SessionContext({
      record,
      images,
      hostTools: new HostTools(hostTools, ports.clock),
      ports,
    });
    const driver = new SessionDriver(context, { maxQueuedPrompts });
    await ports.journal.open(record, ports.clock.epochMs());
    try {
      // Without modules the first prompt's step does this too, for nothing.
      if (sources.some((source) => source.kind === 'module')) await driver.open(this.#stopStarts.signal);
    } catch (error) {
      this.#forget(sessionId);
      throw this.#closing ? new PoolClosedError() : error;
    }
    if (this.#closing) {
      this.#forget(sessionId);
      throw new PoolClosedError();
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
    const { scheduler, store } = this.#parts;
    this.#sessions.delete(sessionId);
    scheduler.forget(sessionId);
    if (!store.durable) void store.remove(sessionId);
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#stopStarts.abort();
    await Promise.allSettled(this.#starting.values());
    const closed = await Promise.allSettled(
      [...this.#sessions.values()].map(({ session }) => session.close({ deadlineMs })),
    );
    await Promise.all([this.#parts.runner.close(), this.#parts.models.close()]);
    await this.#parts.store.close();
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason;
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

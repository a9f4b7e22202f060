import { NotFoundError, PoolClosedError, SessionClosedError } from '../errors.ts';
import { SessionRecord } from '../journal/session-record.ts';
import type { JournalStore } from '../journal/store.ts';
import type { SessionSpec } from '../protocol/messages.ts';
import type { Tool } from '../tools/tool.ts';
import { BaseImage } from '../workspace/base-image.ts';
import { HostTools } from './host-tools.ts';
import type { ForkOptions } from './options.ts';
import { Parking, type ParkingLimits } from './parking.ts';
import { RestTimer } from './rest-timer.ts';
import { SessionContext, type DriverPorts } from './session-context.ts';
import { SessionDriver, type SessionDriverOptions } from './session-driver.ts';
import { Session } from './session.ts';
import type { SessionStateName } from './session-state.ts';
import type { ModelNames } from './provider-book.ts';

/** What of a session stays in memory when it is parked. */
interface OpenSession {
  readonly session: Session;
  /** While it is not parked. */
  driver: SessionDriver | undefined;
  /** Kept while it is parked, too, where its journal is in memory anyway. */
  images: readonly BaseImage[] | undefined;
  hostTools: HostTools | undefined;
}

export interface OpenSessionsParts {
  readonly ports: DriverPorts;
  readonly store: JournalStore;
  readonly maxQueuedPrompts: number;
  readonly parking: ParkingLimits;
  /** The caller's functions, for sessions that were started by an earlier process. */
  readonly tools: readonly Tool[];
  /** Makes sure that a session's model can be called. @throws `unknown_provider`, `missing_key` */
  readonly admit: (models: ModelNames) => void;
  readonly fork: (parent: SessionDriver, options: ForkOptions) => Promise<Session>;
}

/**
 * The sessions that a pool knows, parked or not. A parked one has its journal only; its driver is made again from that
 * when somebody asks for it.
 */
export class OpenSessions {
  readonly #parts: OpenSessionsParts;
  readonly #byId = new Map<string, OpenSession>();
  readonly #parking: Parking;
  readonly #settling: RestTimer;
  /** Of all sessions that have none. */
  readonly #noHostTools: HostTools;
  /** The same for all sessions. */
  readonly #driverOptions: SessionDriverOptions;
  #isClosing = false;

  constructor(parts: OpenSessionsParts) {
    this.#parts = parts;
    const { clock, redactor } = parts.ports;
    this.#noHostTools = new HostTools([], clock, redactor);
    this.#driverOptions = {
      maxQueuedPrompts: parts.maxQueuedPrompts,
      admit: parts.admit,
      onBusy: (sessionId) => this.#wake(sessionId),
      onRest: (sessionId) => this.rest(sessionId),
    };
    this.#parking = new Parking(parts.parking, clock, (sessionId) => this.#park(sessionId));
    this.#settling = new RestTimer(SETTLE_AFTER_MS, clock, (sessionId) => this.#settle(sessionId));
  }

  /** Their ids, oldest first. */
  get ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The drivers of those that are not parked. */
  get drivers(): readonly SessionDriver[] {
    return [...this.#byId.values()].flatMap(({ driver }) => driver ?? []);
  }

  /** How many there are in each state; parked ones are `idle` or `halted`. */
  get stats(): {
    readonly byState: Readonly<Record<SessionStateName, number>>;
    readonly parked: number;
    readonly idleBytes: number;
  } {
    const byState = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<SessionStateName, number>;
    let parked = 0;
    for (const { driver } of this.#byId.values()) {
      if (driver) byState[driver.state] += 1;
      else parked += 1;
    }
    return { byState, parked, idleBytes: this.#parking.byteLength };
  }

  has(sessionId: string): boolean {
    return this.#byId.has(sessionId) || this.#parts.store.session(sessionId) !== undefined;
  }

  /** The handle of a session that is open, or closed and still in the store. */
  get(sessionId: string): Session | undefined {
    const known = this.#byId.get(sessionId);
    if (known) return known.session;
    const stored = this.#parts.store.session(sessionId);
    if (!stored) return undefined;
    // A closed one can be looked at for as long as somebody holds it.
    return stored.closed ? this.#newEntry(sessionId).session : this.addParked(sessionId);
  }

  /** A new session: its journal has been opened. */
  add(
    record: SessionRecord,
    images: readonly BaseImage[],
    hostTools: HostTools | readonly Tool[],
  ): SessionDriver {
    const { sessionId } = record.spec;
    const open = this.#newEntry(sessionId);
    this.#byId.set(sessionId, open);
    open.images = images;
    open.hostTools = hostTools instanceof HostTools ? hostTools : this.#hostTools(hostTools);
    return (open.driver = this.#drive(record, images, open.hostTools));
  }

  /** An open session that the store has. */
  addParked(sessionId: string): Session {
    const open = this.#newEntry(sessionId);
    this.#byId.set(sessionId, open);
    return open.session;
  }

  /**
   * Takes it out of the park where it is in it. What it left unfinished is the caller's to go on with.
   * @throws {StoreError} `store_corrupt` @throws {NotFoundError}
   */
  driver(sessionId: string): SessionDriver {
    const open = this.#byId.get(sessionId);
    if (!open) throw unknownSession(sessionId);
    return open.driver ?? this.#hydrate(sessionId, open);
  }

  /** The same, and it stays out: the caller has work for it. */
  busyDriver(sessionId: string): SessionDriver {
    const driver = this.driver(sessionId);
    this.#wake(sessionId);
    return driver;
  }

  /** From now on, a session that leaves the park can be looked at and takes no prompts. @returns those that have left it */
  stopTaking(): readonly SessionDriver[] {
    this.#isClosing = true;
    return this.drivers;
  }

  /** A session that another one's spending may count against. @throws {NotFoundError} @throws {SessionClosedError} */
  parent(sessionId: string): SessionDriver {
    if (!this.#byId.has(sessionId)) {
      if (this.get(sessionId)) throw new SessionClosedError({ sessionId });
      throw unknownSession(sessionId);
    }
    return this.driver(sessionId);
  }

  /** It has nothing to do for now, and may be parked. */
  rest(sessionId: string): void {
    const driver = this.#byId.get(sessionId)?.driver;
    if (!driver) return;
    this.#settling.rest(sessionId);
    this.#parking.rest(sessionId, driver.record.byteLength);
  }

  /** It is closed, or was never started after all. */
  forget(sessionId: string): void {
    this.#wake(sessionId);
    this.#byId.delete(sessionId);
    this.#parts.ports.steps.forget(sessionId);
    this.#parts.ports.budgets.forget(sessionId);
  }

  close(): void {
    this.#settling.close();
    this.#parking.close();
  }

  /** Ends its quarantine; takes it up again, from what the store has, where its journal could not be written. */
  async #release(sessionId: string, open: OpenSession): Promise<void> {
    if (this.#isClosing) throw new PoolClosedError();
    if (this.#byId.get(sessionId) !== open) return;
    const { driver } = open;
    if (driver?.state === 'failed') {
      // It writes nothing more, but what it has begun to write counts.
      await this.#parts.ports.journal.settled(driver.record);
      if (open.driver === driver) open.driver = undefined;
    }
    await this.#driverOf(sessionId, open).release();
  }

  /** For whoever holds the session. */
  #driverOf(sessionId: string, open: OpenSession): SessionDriver {
    if (open.driver) return open.driver;
    // What the store has under its id is another one's by now, and that has a driver.
    if ((this.#byId.get(sessionId) ?? open) !== open) throw unknownSession(sessionId);
    const driver = this.#hydrate(sessionId, open);
    // Its journal could not be written, or not be read, and now it can.
    if (driver.record.active && !driver.record.closed && !this.#isClosing) {
      this.#admit(open, driver);
      driver.resume();
    }
    return driver;
  }

  /** Nothing in this process may have called its model before. @throws `unknown_provider`, `missing_key` */
  #admit(open: OpenSession, { record }: SessionDriver): void {
    try {
      this.#parts.admit(record.spec);
    } catch (error) {
      // As it was: who asks next may have the key.
      open.driver = undefined;
      throw error;
    }
  }

  #hydrate(sessionId: string, open: OpenSession): SessionDriver {
    const entries = this.#parts.ports.journal.read(sessionId);
    if (entries.length === 0) throw unknownSession(sessionId);
    const record = SessionRecord.fold(entries);
    open.images = record.spec.images.map((handle) => BaseImage.open(handle));
    open.hostTools ??= this.#hostTools(this.#toolsOf(record.spec));
    open.driver = this.#drive(record, open.images, open.hostTools);
    this.#tell('session-unparked', sessionId);
    if (this.#isClosing) void open.driver.park(0);
    else this.rest(sessionId);
    return open.driver;
  }

  #newEntry(sessionId: string): OpenSession {
    const session: Session = new Session({
      sessionId,
      // Also when it is closed and forgotten here: who holds it can still look at what it came to.
      driver: () => this.#driverOf(sessionId, open),
      clock: this.#parts.ports.clock,
      onFork: async (options) => this.#parts.fork(this.#driverOf(sessionId, open), options),
      onRelease: () => this.#release(sessionId, open),
      onClosed: () => this.#onClosed(sessionId, open),
    });
    const open: OpenSession = {
      session,
      driver: undefined,
      images: undefined,
      hostTools: undefined,
    };
    return open;
  }

  #drive(record: SessionRecord, images: readonly BaseImage[], hostTools: HostTools): SessionDriver {
    const { ports } = this.#parts;
    return new SessionDriver(new SessionContext({ record, images, hostTools, ports }), this.#driverOptions);
  }

  #tell(type: 'session-parked' | 'session-unparked' | 'session-closed', sessionId: string): void {
    const { observer } = this.#parts.ports;
    if (observer.isHeard) observer.tell({ type, sessionId });
  }

  #hostTools(tools: readonly Tool[]): HostTools {
    if (tools.length === 0) return this.#noHostTools;
    const { clock, redactor } = this.#parts.ports;
    return new HostTools(tools, clock, redactor);
  }

  /** It is about to have work, or is gone. */
  #wake(sessionId: string): void {
    this.#settling.wake(sessionId);
    this.#parking.wake(sessionId);
  }

  /** What it has twice is dropped: its messages encoded, and its files in a thread, which go with that thread's next step. */
  #settle(sessionId: string): void {
    this.#byId.get(sessionId)?.driver?.record.conversation.dropEncoded();
    this.#parts.ports.steps.settle(sessionId);
  }

  #park(sessionId: string): void {
    this.#settling.wake(sessionId);
    const open = this.#byId.get(sessionId);
    if (!open) return;
    open.driver = undefined;
    this.#tell('session-parked', sessionId);
    // A store outside memory shares the images of those that are in use, and has the others.
    if (this.#parts.store.durable) open.images = undefined;
    this.#parts.ports.steps.forget(sessionId);
    this.#parts.ports.budgets.rest(sessionId);
  }

  #onClosed(sessionId: string, open: OpenSession): void {
    // It may be closed a second time, when another session has its id.
    if (this.#byId.get(sessionId) !== open) return;
    const { store } = this.#parts;
    this.forget(sessionId);
    this.#tell('session-closed', sessionId);
    if (!store.durable) void store.remove(sessionId);
  }

  /** The functions that it was started with are gone; what is said of them in its place is the model's to read. */
  #toolsOf({ tools }: SessionSpec): Tool[] {
    return tools.flatMap((source): Tool[] => {
      if (source.kind !== 'host') return [];
      const given = this.#parts.tools.find((tool) => tool.name === source.name);
      if (given) return [given];
      const { name, description, parameters, readOnly } = source;
      return [{ name, description, parameters, readOnly, execute: () => notGiven(name) }];
    });
  }
}

/**
 * A session that has had nothing to do for so long is somebody's who thinks, or nobody's: what speeds its next prompt up by
 * a fraction of a millisecond is not worth as much memory as all that it is.
 */
const SETTLE_AFTER_MS = 1_000;

function unknownSession(sessionId: string): NotFoundError {
  return new NotFoundError('unknown_session', `There is no session ${sessionId} any more.`);
}

const STATES: readonly SessionStateName[] = [
  'idle',
  'queued',
  'running',
  'waiting-model',
  'suspended',
  'halted',
  'closed',
  'failed',
];

function notGiven(name: string): never {
  throw new Error(
    `${name} is not available: the program was restarted without it (SessionPool.open({ tools })).`,
  );
}

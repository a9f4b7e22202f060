import { StoreError } from '../../../src/errors.ts';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { Callers } from './callers.ts';
import { checkConversation, checkHistory, checkShown } from './check-session.ts';
import { modelOf, systemText } from './sim-model.ts';
import { Rewinds } from './rewinds.ts';
import { simProcess, type SimProcess } from './sim-process.ts';
import { SimDisk } from './sim-store.ts';
import { Outside } from './sim-tools.ts';
import type { World } from './world.ts';

/** Every session begins with these. */
const FILES = { f0: 'zero\nEND\n', f1: 'one\nEND\n' };
const MAX_SESSIONS = 5;
/** Forks included. */
const MAX_WITH_FORKS = 9;
/** Between two things that callers do, on average. */
const ACT_EVERY_MS = 60;
const SETTLE_EVENTS = 50_000;

/** What the seed makes happen: callers, faults, crashes, restarts, and an end in which everything must come right. */
export class Scenario {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #outside: Outside;
  readonly #callers: Callers;
  readonly #rewinds: Rewinds;
  #process: SimProcess | undefined;
  #pool: SessionPool | undefined;
  #sessionCount = 0;
  #isOver = false;
  #isClosing = false;
  #parked = 0;

  constructor(world: World) {
    this.#world = world;
    this.#disk = new SimDisk(world);
    this.#outside = new Outside(world, this.#disk);
    this.#callers = new Callers(world, this.#disk);
    this.#rewinds = new Rewinds(world, this.#disk, FILES);
  }

  async run(durationMs: number): Promise<void> {
    const { prng } = this.#world;
    this.#open();
    for (let at = 0; at < durationMs; at += 1 + prng.below(2 * ACT_EVERY_MS)) {
      this.#world.afterInAnyLife(at, 'act', () => this.#act());
    }
    let faultsEnd = false;
    this.#world.afterInAnyLife(durationMs, 'faults end', () => (faultsEnd = true));
    await this.#world.play(() => faultsEnd, SETTLE_EVENTS);
    if (this.#world.violation !== undefined) return;
    this.#world.faults = false;
    if (prng.chance(0.5)) this.#crash();
    void this.#finish().catch((error: unknown) => {
      this.#world.fail(`the end phase: ${error instanceof Error ? error.stack : String(error)}`);
    });
    const isOver = await this.#world.play(() => this.#isOver, SETTLE_EVENTS);
    if (!isOver) {
      const waiting = [...this.#callers.waiting].join(', ') || 'the end phase';
      this.#world.fail(`nothing is to come, and somebody waits for ever: ${waiting}`);
    }
    await this.#checkAll();
  }

  /** A new process opens the store. */
  #open(): void {
    this.#isClosing = false;
    this.#pool = undefined;
    const process = simProcess(this.#world, this.#disk, this.#outside);
    const recover = this.#world.prng.chance(0.75) ? 'finish' : 'report';
    this.#world.trace(`process ${process.life} opens the store, ${recover}`);
    this.#process = process;
    if (this.#world.faulty(0.7)) {
      this.#world.interruptAfter(this.#world.prng.between(1, 900), () => {
        if (this.#world.faults) this.#crash();
      });
    }
    SessionPool.over(process.parts, recover).then(
      (pool) => {
        this.#pool = pool;
        const { resumed, interrupted } = pool.recovery;
        if (resumed.length > 0) this.#world.reach('recover: finish');
        if (interrupted.length > 0) this.#world.reach('recover: report');
      },
      (error: unknown) => {
        if (!(error instanceof StoreError)) this.#world.fail(`the store cannot be opened: ${String(error)}`);
        this.#world.reach('recover: the store refuses');
        this.#process = undefined;
        this.#world.after(50, 'open again', () => this.#open());
      },
    );
  }

  /** The process is gone, in the middle of whatever it did. */
  #crash(): void {
    const process = this.#process;
    if (!process) return;
    this.#world.trace(`process ${process.life} is killed`);
    this.#world.reach('crash');
    for (const what of process.store.underWay) this.#world.reach(`crash: ${what}`);
    if (process.threads.busyCount > 0) this.#world.reach('crash: in a step');
    if (process.models.callCount > 0) this.#world.reach('crash: in a model call');
    for (const { watch } of this.#disk.journals.values()) {
      const { turn } = watch;
      if (turn && [...turn.begun.keys()].some((callId) => !turn.results.has(callId))) {
        this.#world.reach('crash: between effect-began and effect-ended');
      }
    }
    this.#world.die();
    this.#disk.reload();
    this.#process = undefined;
    this.#pool = undefined;
    this.#callers.waiting.clear();
    this.#world.after(10, 'start again', () => this.#open());
  }

  #act(): void {
    const { prng } = this.#world;
    const pool = this.#pool;
    const process = this.#process;
    if (!pool || !process) return;
    const { parked } = pool.stats().sessions;
    if (parked > this.#parked) this.#world.reach('session: parked');
    if (parked < this.#parked) this.#world.reach('session: hydrated');
    this.#parked = parked;
    if (this.#sessionCount < 2 || (this.#sessionCount < MAX_SESSIONS && prng.chance(0.1))) {
      return this.#start(pool);
    }
    const session = pool.session(`s${1 + prng.below(this.#sessionCount)}`);
    const draw = prng.float();
    if (draw < 0.005) return this.#crash();
    if (draw < 0.03) return this.#closePool(pool, process, prng.pick([0, 50, 1_000]));
    if (draw < 0.045) return process.threads.loseShard();
    if (draw < 0.05) return this.#start(pool);
    if (!session) return;
    if (draw < 0.06) return this.#poison(process, session);
    if (draw < 0.065)
      return this.#do(`close ${session.id}`, () => session.close({ deadlineMs: prng.below(500) }));
    if (draw < 0.1)
      return this.#do(`cancel ${session.id}`, () => session.cancel({ queued: prng.chance(0.3) }));
    if (draw < 0.15) return this.#do(`release ${session.id}`, () => session.release());
    if (draw < 0.2) return this.#look(process, session);
    if (draw < 0.21) {
      for (let count = 0; count < 6; count += 1) void this.#callers.prompt(session);
      return;
    }
    if (draw < 0.29) return this.#rewind(process, session);
    if (draw < 0.4) return void this.#callers.keyed(session);
    const options = prng.chance(0.1) ? { timeoutMs: 1 + prng.below(300) } : this.#abortable();
    if (draw < 0.6) return void this.#callers.stream(session, options);
    void this.#callers.prompt(session, options);
  }

  #abortable(): { signal?: AbortSignal } {
    if (!this.#world.prng.chance(0.15)) return {};
    const abort = new AbortController();
    this.#world.after(this.#world.prng.below(300), 'caller aborts', () => abort.abort());
    return { signal: abort.signal };
  }

  #start(pool: SessionPool): void {
    const { prng } = this.#world;
    const isAgain = this.#sessionCount > 0 && prng.chance(0.1);
    const id = `s${isAgain ? 1 + prng.below(this.#sessionCount) : (this.#sessionCount += 1)}`;
    this.#do(`start ${id}`, () =>
      pool.start({
        id,
        model: modelOf(id),
        system: systemText(id),
        tools: ['coding-agent', ...this.#outside.tools()],
        files: FILES,
        maxTurns: prng.pick([0, 2, 10]),
      }),
    );
  }

  #closePool(pool: SessionPool, process: SimProcess, deadlineMs: number): void {
    const isFirst = !this.#isClosing;
    this.#isClosing = true;
    this.#do(`close the pool in ${deadlineMs} ms`, async () => {
      try {
        await pool.close({ deadlineMs });
      } finally {
        if (isFirst) {
          this.#checkClosed(process);
          this.#world.after(20, 'open again', () => this.#open());
        }
      }
    });
  }

  #poison({ threads }: SimProcess, session: Session): void {
    this.#world.trace(`poison for ${session.id}`);
    threads.poisoned.add(session.id);
    this.#world.after(2_000, 'poison ends', () => threads.poisoned.delete(session.id));
    for (let count = 0; count < 3; count += 1) void this.#callers.prompt(session);
  }

  /** Compares what a session shows with its journal, when nothing of it is being written. */
  #look({ store }: SimProcess, session: Session): void {
    const journal = this.#disk.journals.get(session.id);
    if (!journal || store.isBusy(session.id)) return;
    const problem = checkShown(session, journal.entries);
    if (problem !== undefined) this.#world.fail(`session ${session.id}: ${problem}`);
    this.#world.reach('session: compared with its journal');
    const { state } = session.status();
    if (state === 'halted' || state === 'failed') this.#world.reach(`session: ${state}`);
  }

  /** Goes back, or away from here, or looks at what was. */
  #rewind({ store }: SimProcess, session: Session): void {
    const { prng } = this.#world;
    const rewinds = this.#rewinds;
    const isSettled = !store.isBusy(session.id);
    const draw = prng.float();
    if (draw < 0.45) {
      this.#do(`undo ${session.id}`, async () => {
        // Most sessions have something to do.
        if (prng.chance(0.7)) await this.#cancelAll(session);
        // And some are given something that very moment.
        const isGiven = prng.chance(0.15);
        if (isGiven) void this.#callers.prompt(session);
        // A prompt that the store has refused already counts as one until its caller was told.
        await rewinds.undo(session, !isGiven && !store.isBusy(session.id));
        if (prng.chance(0.3)) await rewinds.undo(session, false);
        if (prng.chance(0.5)) void this.#callers.prompt(session);
      });
      if (this.#world.faulty(0.1)) {
        this.#world.after(prng.below(6), 'crash at an undo', () => {
          if (this.#world.faults) this.#crash();
        });
      }
    } else if (draw < 0.65 && this.#sessionCount < MAX_WITH_FORKS) {
      const id = `s${(this.#sessionCount += 1)}`;
      this.#do(`fork ${session.id} as ${id}`, async () => {
        const fork = await rewinds.fork(session, id, isSettled);
        if (prng.chance(0.5)) void this.#callers.prompt(fork);
      });
    } else if (isSettled) {
      rewinds.compare(session);
    }
  }

  /** With a little time, in which what is told is written down everywhere. */
  async #cancelAll(session: Session): Promise<void> {
    await session.cancel({ queued: true });
    await new Promise<void>((resolve) => void this.#world.after(1, 'caller goes on', resolve));
  }

  #do(what: string, action: () => Promise<unknown>): void {
    void this.#callers.act(what, action);
  }

  /** Without faults: everything that was accepted ends, and every session still does its work. */
  async #finish(): Promise<void> {
    await this.#until('the pool is open', () => this.#pool !== undefined && !this.#isClosing);
    await this.#callers.act('close the last pool', async () => this.#pool?.close({ deadlineMs: 60_000 }));
    if (this.#process) this.#checkClosed(this.#process);
    // Whoever is not answered now never will be.
    for (let wait = 0; wait < 10; wait += 1) await Promise.resolve();
    if (this.#callers.waiting.size > 0) {
      this.#world.fail(`the pool is closed, and somebody waits: ${[...this.#callers.waiting].join(', ')}`);
    }
    this.#open();
    await this.#until('the pool is open', () => this.#pool !== undefined);
    const pool = this.#pool;
    const process = this.#process;
    if (!pool || !process) return;
    await this.#until('prompts have ended', () =>
      [...this.#disk.journals.values()].every(({ watch }) => watch.openPrompts.length === 0),
    );
    for (const sessionId of pool.sessionIds()) {
      const session = pool.session(sessionId);
      if (!session) continue;
      await session.release();
      const result = await this.#callers.prompt(session);
      if (!result) this.#world.fail(`session ${sessionId} takes no prompts at the end`);
      await this.#rewinds.undo(session, true);
      if (!(await this.#callers.prompt(session)))
        this.#world.fail(`${sessionId} goes on from no earlier point`);
      this.#look(process, session);
    }
    await pool.close();
    this.#checkClosed(process);
    this.#isOver = true;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    this.#callers.waiting.add(what);
    for (let count = 0; !holds(); count += 1) {
      if (count > 2_000) return this.#world.fail(`it takes too long until ${what}`);
      await new Promise<void>((resolve) => void this.#world.afterInAnyLife(20, 'wait', resolve));
    }
    this.#callers.waiting.delete(what);
  }

  /** A closed pool has nothing left in hand. */
  #checkClosed({ threads, models, parts }: SimProcess): void {
    const left = {
      steps: threads.busyCount,
      'model calls': models.callCount,
      'waiting steps': parts.placement.waitingCount,
      timers: this.#world.timerCount,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count > 0) this.#world.fail(`the pool is closed and has ${count} ${what}`);
    }
  }

  async #checkAll(): Promise<void> {
    for (const [sessionId, { entries }] of this.#disk.journals) {
      const problem = checkConversation(entries) ?? (await checkHistory(entries, this.#outside.tools()));
      if (problem !== undefined) this.#world.fail(`session ${sessionId}: ${problem}`);
    }
  }
}

import type { ThreadLossReason } from '../../../src/errors.ts';
import {
  NO_THREADS,
  type StepRun,
  type StepRunner,
  type ThreadHealth,
} from '../../../src/threads/step-runner.ts';
import type { ResidencyLimits, StepTask } from '../../../src/protocol/messages.ts';
import { StepPage } from '../../../src/protocol/step-page.ts';
import { StepHost } from '../../../src/session/step-host.ts';
import { DEADLY, ENDLESS } from './sim-model.ts';
import type { SimDisk } from './sim-store.ts';
import type { World } from './world.ts';

interface Slot {
  /** The thread that fills it: the real step host, and what is resident in it. */
  host: StepHost | undefined;
  step: RunningStep | undefined;
}

interface RunningStep {
  readonly task: StepTask;
  readonly page: StepPage;
  /** Takes back what was still to happen to it. */
  stopEvents: (() => void)[];
  isStopping: boolean;
  readonly answer: (run: StepRun) => void;
}

/** Where a thread is lost: with nothing begun, in a call, or with all done and nothing told. */
type LossPoint = 'before' | 'during' | 'after';

const CRASHES: readonly ThreadLossReason[] = ['error', 'exit', 'memory'];

/** Session threads that take virtual time and die when the seed says so. What runs in them is the real step. */
export class SimThreads implements StepRunner {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #slots: Slot[];
  readonly #residency: ResidencyLimits;
  readonly #lossRate: number;
  /** Sessions whose threads all die for now. */
  readonly poisoned = new Set<string>();
  #isClosed = false;

  constructor(world: World, disk: SimDisk, maxThreads: number) {
    this.#world = world;
    this.#disk = disk;
    this.#slots = Array.from({ length: maxThreads }, () => ({ host: undefined, step: undefined }));
    this.#residency = { maxSessions: world.prng.pick([1, 2, 1_024]), maxBytes: 64 * 1024 };
    this.#lossRate = world.prng.pick([0, 0.05, 0.15]);
  }

  get health(): ThreadHealth {
    return { ...NO_THREADS, running: this.#slots.filter(({ host }) => host).length };
  }

  get busyCount(): number {
    return this.#slots.filter(({ step }) => step).length;
  }

  run(index: number, task: StepTask): Promise<StepRun> {
    const slot = this.#slot(index);
    const page = StepPage.forCalls(task.input.type === 'turn' ? task.input.calls.length : 0);
    if (this.#isClosed) return Promise.resolve(lost(page, 'start-failed', 'the pool is closed'));
    if (slot.step) {
      this.#world.fail(`slot ${index} is to run ${task.sessionId} and runs ${slot.step.task.sessionId}`);
    }
    for (const { step } of this.#slots) {
      if (step?.task.sessionId === task.sessionId) this.#world.fail(`two steps of ${task.sessionId} at once`);
    }
    this.#world.trace(
      `slot ${index} takes step ${task.stepId} of ${task.sessionId} ${task.input.type}${task.state ? ' with state' : ''}`,
    );
    return new Promise((resolve) => {
      const step: RunningStep = {
        task,
        page,
        stopEvents: [],
        isStopping: false,
        answer: (run) => {
          for (const stop of step.stopEvents) stop();
          slot.step = undefined;
          resolve(run);
        },
      };
      slot.step = step;
      this.#start(slot, step);
    });
  }

  stop(index: number, graceMs: number): void {
    const slot = this.#slot(index);
    const { step } = slot;
    if (!step || step.isStopping) return;
    step.isStopping = true;
    step.page.stop();
    this.#later(step, graceMs, 'step is ended', () => {
      this.#world.reach('thread: ended after a cancel');
      this.#lose(slot, step, 'cancelled', this.#world.prng.pick(['before', 'during', 'after']));
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const slot of this.#slots) {
      if (slot.step) slot.step.answer(lost(slot.step.page, 'exit', 'the pool is closed'));
      slot.host = undefined;
    }
    return Promise.resolve();
  }

  /** A shard process is gone, and all its threads. */
  loseShard(): void {
    const gone = this.#slots.filter(() => this.#world.prng.chance(0.6));
    this.#world.trace(`a shard dies with ${gone.filter(({ step }) => step).length} steps`);
    for (const slot of gone) {
      slot.host = undefined;
      if (!slot.step) continue;
      this.#world.reach('thread: lost with its process');
      this.#lose(slot, slot.step, 'process', this.#world.prng.pick(['before', 'during', 'after']));
    }
  }

  #start(slot: Slot, step: RunningStep): void {
    const { prng } = this.#world;
    if (!slot.host || this.#world.faulty(0.03)) {
      // New, or ended while it was idle and started again: either way nothing is resident.
      if (slot.host) this.#world.reach('thread: reaped while idle');
      if (!slot.host && this.#world.faulty(this.#lossRate / 2)) {
        return this.#later(step, 20, 'thread does not start', () => {
          this.#world.reach('thread: did not start');
          this.#lose(slot, step, 'start-failed', 'before');
        });
      }
      slot.host = new StepHost(this.#residency);
    }
    const isDeadly = this.#world.faults && this.poisoned.has(step.task.sessionId);
    if (isDeadly || this.#world.faulty(this.#lossRate)) {
      const point = isDeadly ? 'before' : prng.pick<LossPoint>(['before', 'during', 'after']);
      const isLate = prng.chance(0.15);
      const reason = isLate ? 'deadline' : prng.pick(CRASHES);
      return this.#later(step, isLate ? step.task.stepTimeoutMs : prng.below(30), 'thread dies', () => {
        this.#world.reach(`thread: lost ${point} the step`);
        this.#lose(slot, step, reason, point);
      });
    }
    const durationMs = this.#world.faulty(0.05) ? 300 : prng.below(20);
    this.#later(step, durationMs, `slot answers step ${step.task.stepId}`, () => void this.#work(slot, step));
  }

  async #work(slot: Slot, step: RunningStep): Promise<void> {
    const { task, page } = step;
    const host = slot.host ?? new StepHost(this.#residency);
    const outcome = await host.run({ ...this.#hurried(task), page: page.buffer });
    this.#checkCalls(step, page.touched());
    // A shard may have died meanwhile; then the answer was given.
    if (slot.step !== step) return;
    const calls = task.input.type === 'turn' ? task.input.calls : [];
    for (const index of page.touched()) {
      const text = calls[index]?.arguments ?? '';
      if (text.includes(DEADLY)) return this.#loseIn(slot, step, this.#world.prng.pick(CRASHES), index);
      if (!text.includes(ENDLESS)) continue;
      return this.#later(step, task.stepTimeoutMs, 'call is past its deadline', () =>
        this.#loseIn(slot, step, 'deadline', index),
      );
    }
    if (outcome.type === 'miss') this.#world.reach('thread: answered miss');
    if (outcome.type === 'failed') this.#world.fail(`a step failed: ${outcome.error.message}`);
    step.answer({ ok: true, outcome });
  }

  /** Some steps run out of their time after the first call, and the next one goes on. */
  #hurried(task: StepTask): StepTask {
    return { ...task, budgetMs: this.#world.prng.chance(0.1) ? 0 : Infinity };
  }

  /** The thread is gone; the page says how far it had come. */
  #lose(slot: Slot, step: RunningStep, reason: ThreadLossReason, point: LossPoint): void {
    const host = slot.host;
    slot.host = undefined;
    const message = `simulated ${reason}`;
    if (point === 'before' || !host) return step.answer(lost(step.page, reason, message));
    for (const stop of step.stopEvents) stop();
    // It is not there any more, so that what it does now is what it had done.
    void host.run({ ...step.task, page: step.page.buffer }).then((outcome) => {
      const touched = step.page.touched();
      this.#checkCalls(step, touched);
      if (outcome.type === 'miss' || touched.length === 0) {
        return step.answer(lost(step.page, reason, message));
      }
      if (point === 'after') {
        this.#world.reach('thread: lost after its calls, before its answer');
        return step.answer({ ok: false, reason, message, running: [], touched });
      }
      this.#loseIn(slot, step, reason, this.#world.prng.pick(touched));
    });
  }

  /** The thread is gone in the middle of a call, with those that ran beside it. */
  #loseIn(slot: Slot, step: RunningStep, reason: ThreadLossReason, index: number): void {
    slot.host = undefined;
    const { task, page } = step;
    const calls = task.input.type === 'turn' ? task.input.calls : [];
    const touched = page.touched();
    let running = [index];
    if (!task.serial && isRead(calls[index]?.name)) {
      let first = index;
      let last = index;
      while (touched.includes(first - 1) && isRead(calls[first - 1]?.name)) first -= 1;
      while (touched.includes(last + 1) && isRead(calls[last + 1]?.name)) last += 1;
      running = touched.filter((other) => other >= first && other <= last);
    }
    const end = Math.max(...running);
    if (running.length > 1) this.#world.reach('thread: lost in several calls at once');
    step.answer({
      ok: false,
      reason,
      message: `simulated ${reason}`,
      running,
      touched: touched.filter((other) => other <= end),
    });
  }

  /** No call whose result is in the journal is run again. */
  #checkCalls({ task }: RunningStep, touched: readonly number[]): void {
    if (task.input.type !== 'turn') return;
    for (const index of touched) {
      const callId = task.input.calls[index]?.id ?? '';
      if (this.#disk.watch(task.sessionId)?.turn?.results.has(callId)) {
        this.#world.fail(`${callId} of ${task.sessionId} is run again after its result was recorded`);
      }
    }
  }

  #later(step: RunningStep, delayMs: number, what: string, happen: () => void): void {
    step.stopEvents.push(this.#world.after(delayMs, what, happen));
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (!slot) throw new RangeError(`no slot ${index}`);
    return slot;
  }
}

/** Unknown tools run beside read-only ones. */
function isRead(name: string | undefined): boolean {
  return name === 'read' || name === 'list' || name === 'search' || name === 'no_such_tool';
}

function lost(page: StepPage, reason: ThreadLossReason, message: string): StepRun {
  return { ok: false, reason, message, running: page.running(), touched: page.touched() };
}

import type { ResidencyLimits, StepOutcome, StepTask, ThreadTask } from '../protocol/messages.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import { ProgressWriter } from '../protocol/shard-progress.ts';
import { StepPage } from '../protocol/step-page.ts';
import { makeResident, type Resident } from './resident.ts';
import { Residents } from './residents.ts';
import { runStep, type StepProgress } from './step.ts';

const HEARTBEAT_MS = 100;

/** Runs steps one after another and keeps the volumes of the sessions that ran here last. One per thread. */
export class StepHost {
  readonly #residents: Residents;
  readonly #progressFd: number | undefined;

  /** @param progressFd  in a shard process: the pipe that says what each step is doing */
  constructor(limits: ResidencyLimits, progressFd?: number) {
    this.#residents = new Residents(limits);
    this.#progressFd = progressFd;
  }

  /** Never rejects: piscina would lose an error's code, and resolve a thrown `null`. */
  async run(task: ThreadTask): Promise<StepOutcome> {
    const page = new StepPage(task.page);
    const pipe =
      this.#progressFd === undefined ? undefined : new ProgressWriter(this.#progressFd, task.stepId);
    page.pickUp();
    pipe?.pickUp();
    const heart = setInterval(() => page.beat(), HEARTBEAT_MS).unref();
    try {
      for (const sessionId of task.drop) this.#residents.take(sessionId);
      const resident = await this.#residentFor(task);
      if (!resident) return { type: 'miss' };
      const outcome = await runStep(resident, task.input, {
        serial: task.serial,
        first: task.volumeOf === 0,
        budgetMs: task.budgetMs,
        callTimeoutMs: task.stepTimeoutMs,
        progress: progressOn(page, pipe),
        traceparent: task.traceparent,
        timed: task.timed,
      });
      resident.volumeOf = task.stepId;
      this.#residents.keep(resident);
      return outcome;
    } catch (error) {
      return { type: 'failed', error: serializeError(error, 'step_failed') };
    } finally {
      clearInterval(heart);
    }
  }

  async #residentFor(task: StepTask): Promise<Resident | undefined> {
    const resident = this.#residents.take(task.sessionId);
    if (task.state) return makeResident(task.state, task.volumeOf);
    if (!resident || resident.volumeOf !== task.volumeOf) return undefined;
    resident.workspace.applyChanges(task.changes);
    return resident;
  }
}

/** The pipe is told first of a beginning and last of an end: what dies in between is then blamed, not missed. */
function progressOn(page: StepPage, pipe: ProgressWriter | undefined): StepProgress {
  return {
    begin: (callIndex, timeoutMs) => {
      pipe?.begin(callIndex);
      page.begin(callIndex, timeoutMs);
    },
    end: (callIndex) => {
      page.end(callIndex);
      pipe?.end(callIndex);
    },
    get stopped() {
      return page.stopped;
    },
    onStop: (callback) => page.onStop(callback),
  };
}

import { types } from 'node:util';
import type { ResidencyLimits, StepOutcome, StepTask, ThreadTask } from '../protocol/messages.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import { ProgressWriter } from '../protocol/shard-progress.ts';
import { StepPage } from '../protocol/step-page.ts';
import { Heartbeat } from './heartbeat.ts';
import { makeResident, type Resident } from './resident.ts';
import { Residents } from './residents.ts';
import type { StepProgress } from './run-calls.ts';
import { runStep } from './step.ts';

/** Runs steps one after another and keeps the volumes of the sessions that ran here last. One per thread. */
export class StepHost {
  readonly #residents: Residents;
  readonly #progressFd: number | undefined;
  readonly #heartbeat = new Heartbeat();

  /** @param progressFd  in a shard process: the pipe that says what each step is doing */
  constructor(limits: ResidencyLimits, progressFd?: number) {
    this.#residents = new Residents(limits);
    this.#progressFd = progressFd;
  }

  /** Never rejects: piscina would lose an error's code, and resolve a thrown `null`. */
  async run(task: ThreadTask): Promise<StepOutcome> {
    const page = new StepPage(task.page);
    const progress = this.#progressFd === undefined ? page : writtenProgress(page, this.#progressFd, task);
    progress.pickUp();
    this.#heartbeat.begin(page);
    try {
      for (const sessionId of task.drop) this.#residents.take(sessionId);
      // Most steps wait for nothing; each time that one does takes more than a promise.
      const found = this.#residentFor(task);
      const resident = types.isPromise(found) ? await found : found;
      if (!resident) return { type: 'miss' };
      const running = runStep(resident, task.input, {
        serial: task.serial,
        first: task.volumeOf === 0,
        budgetMs: task.budgetMs,
        callTimeoutMs: task.stepTimeoutMs,
        progress,
        traceparent: task.traceparent,
        timed: task.timed,
      });
      const outcome = types.isPromise(running) ? await running : running;
      resident.volumeOf = task.stepId;
      this.#residents.keep(resident);
      return outcome;
    } catch (error) {
      return { type: 'failed', error: serializeError(error, 'step_failed') };
    } finally {
      this.#heartbeat.end();
    }
  }

  #residentFor(task: StepTask): Resident | Promise<Resident> | undefined {
    const resident = this.#residents.take(task.sessionId);
    if (task.state) return makeResident(task.state, task.volumeOf);
    if (!resident || resident.volumeOf !== task.volumeOf) return undefined;
    resident.workspace.applyChanges(task.changes);
    return resident;
  }
}

/** The pipe is told first of a beginning and last of an end: what dies in between is then blamed, not missed. */
function writtenProgress(
  page: StepPage,
  progressFd: number,
  { stepId }: StepTask,
): StepProgress & { pickUp(): void } {
  const pipe = new ProgressWriter(progressFd, stepId);
  return {
    pickUp: () => {
      page.pickUp();
      pipe.pickUp();
    },
    begin: (callIndex, timeoutMs) => {
      pipe.begin(callIndex);
      page.begin(callIndex, timeoutMs);
    },
    end: (callIndex) => {
      page.end(callIndex);
      pipe.end(callIndex);
    },
    get stopped() {
      return page.stopped;
    },
    onStop: (callback) => page.onStop(callback),
  };
}

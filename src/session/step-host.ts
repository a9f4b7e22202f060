import type { ResidencyLimits, StepOutcome, StepTask, ThreadTask } from '../protocol/messages.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import { StepPage } from '../protocol/step-page.ts';
import { makeResident, type Resident } from './resident.ts';
import { Residents } from './residents.ts';
import { runStep, type StepProgress } from './step.ts';

/** Runs steps one after another and keeps the volumes of the sessions that ran here last. One per thread. */
export class StepHost {
  readonly #residents: Residents;

  constructor(limits: ResidencyLimits) {
    this.#residents = new Residents(limits);
  }

  /** Never rejects: piscina would lose an error's code, and resolve a thrown `null`. */
  async run(task: ThreadTask): Promise<StepOutcome> {
    const page = new StepPage(task.page);
    page.pickUp();
    try {
      const resident = await this.#residentFor(task);
      if (!resident) return { type: 'miss' };
      const outcome = await runStep(resident, task.input, {
        serial: task.serial,
        first: task.volumeOf === 0,
        budgetMs: task.budgetMs,
        callTimeoutMs: task.stepTimeoutMs,
        progress: progressOn(page),
      });
      resident.volumeOf = task.stepId;
      this.#residents.keep(resident);
      return outcome;
    } catch (error) {
      return { type: 'failed', error: serializeError(error, 'step_failed') };
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

function progressOn(page: StepPage): StepProgress {
  return {
    begin: (callIndex, timeoutMs) => page.begin(callIndex, timeoutMs),
    end: (callIndex) => page.end(callIndex),
    get stopped() {
      return page.stopped;
    },
    onStop: (callback) => page.onStop(callback),
  };
}

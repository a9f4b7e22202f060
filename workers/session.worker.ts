/** The entry of a session thread, started by piscina: binds its tasks to the step host. */
import { workerData } from 'node:worker_threads';
import type { ResidencyLimits, StepOutcome, ThreadTask } from '../src/protocol/messages.ts';
import { StepHost } from '../src/session/step-host.ts';

const host = new StepHost(workerData as ResidencyLimits);

export default function runTask(task: ThreadTask): Promise<StepOutcome> {
  return host.run(task);
}

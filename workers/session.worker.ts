/** The entry of a session thread, started by piscina: binds its tasks to the step host. */
import { workerData } from 'node:worker_threads';
import type { StepOutcome, ThreadSetup, ThreadTask } from '../src/protocol/messages.ts';
import { StepHost } from '../src/session/step-host.ts';
import { sealThread } from './seal-thread.ts';

sealThread();
const { residency, progressFd } = workerData as ThreadSetup;
const host = new StepHost(residency, progressFd);

export default function runTask(task: ThreadTask): Promise<StepOutcome> {
  return host.run(task);
}

import { withoutHostPaths } from '../host-paths.ts';
import type { Redactor } from '../redactor.ts';
import type { StepNext } from '../protocol/messages.ts';
import type { ToolResult } from '../tools/tool.ts';
import { asBuffer } from '../workspace/bytes.ts';
import { isScratch } from '../workspace/scratch.ts';
import type { FileChange } from '../workspace/workspace.ts';
import type { StepResult } from './step-scheduler.ts';

/**
 * What a step came to, as it may be kept and shown: tool results without known secrets, errors also without what looks
 * like one and without paths of the host. Changes to files are the user's data and stay as they are, but for results that
 * are in files for their length. Session threads know no secret, so this cannot be done there.
 */
export function redactStep(step: StepResult, redactor: Redactor): StepResult {
  switch (step.type) {
    case 'done': {
      const changes = step.outcome.changes.map((change) => redactChange(change, redactor));
      const results = step.outcome.results.map((result) => redactResult(result, redactor));
      const next = redactNext(step.outcome.next, redactor);
      return { ...step, outcome: { ...step.outcome, results, changes, next } };
    }
    case 'failed':
      // Its thread has left the host's paths out already, but for those that the caller gave.
      return { ...step, error: { ...step.error, message: redactor.redactMessage(step.error.message) } };
    case 'lost':
      return { ...step, message: redactor.redactMessage(withoutHostPaths(step.message)) };
    case 'stopped':
      return step;
  }
}

/** Another object only where there was a secret. */
function redactChange(change: FileChange, redactor: Redactor): FileChange {
  const { path, bytes } = change;
  if (!bytes || !isScratch(path)) return change;
  const text = asBuffer(bytes).toString();
  const clean = redactor.redact(text);
  return clean === text ? change : { path, bytes: Buffer.from(clean) };
}

/** The problems of an answer quote the schema, which is the caller's, and the answer, which a thread may have changed. */
function redactNext(next: StepNext, redactor: Redactor): StepNext {
  if (next.wait === 'repair') return { ...next, message: redactor.redact(next.message) };
  if (next.wait !== 'nothing') return next;
  if (next.stopReason === 'invalid-output') return { ...next, problem: redactor.redact(next.problem) };
  return next.output === undefined ? next : { ...next, output: redactor.redactJson(next.output) };
}

export function redactResult(result: ToolResult, redactor: Redactor): ToolResult {
  const content = redactor.redact(result.content);
  return content === result.content ? result : { ...result, content };
}

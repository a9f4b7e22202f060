import { types } from 'node:util';
import type { AnswerInput, Opening, StepDone, StepInput, StepNext } from '../protocol/messages.ts';
import { openingOf } from '../protocol/opening.ts';
import type { ToolResult } from '../tools/tool.ts';
import { CallStopwatch } from './call-stopwatch.ts';
import { checkOutput } from './check-output.ts';
import { repairMessage } from './repair-message.ts';
import type { Resident } from './resident.ts';
import { runCalls, type CallOptions, type CallsRun } from './run-calls.ts';

export interface StepOptions extends CallOptions {
  /** The session's first step. */
  readonly first: boolean;
  /** Report when each call ran. */
  readonly timed?: boolean | undefined;
}

/**
 * One step of the agent loop: takes one input, runs the tool calls it can, says what the session waits for next.
 * Knows no threads and waits for nothing but tools. File changes stay in the resident's volume and are reported.
 * @returns the outcome itself when every tool answered at once, else a native promise of it
 */
export function runStep(
  resident: Resident,
  input: StepInput,
  options: StepOptions,
): StepDone | Promise<StepDone> {
  const opening = options.first ? openingOf(resident.spec, resident.tools) : null;
  switch (input.type) {
    case 'open':
      return done(resident, opening, [], { wait: 'prompt' });
    case 'prompt':
      return done(resident, opening, [], { wait: 'model' });
    case 'turn': {
      if (input.calls.length === 0) {
        return done(resident, opening, [], afterAnswer(input.answer));
      }
      const { maxTurns } = resident.spec;
      if (maxTurns > 0 && input.roundsDone >= maxTurns) {
        return done(resident, opening, [], { wait: 'nothing', stopReason: 'max-turns' });
      }
      const stopwatch = options.timed ? new CallStopwatch() : undefined;
      const finish = ({ results, next }: CallsRun): StepDone => {
        const outcome = done(resident, opening, results, next);
        return stopwatch ? { ...outcome, timings: stopwatch.timings } : outcome;
      };
      const calls = runCalls(resident, input, options, stopwatch);
      return types.isPromise(calls) ? calls.then(finish) : finish(calls);
    }
  }
}

function done(
  resident: Resident,
  opening: Opening | null,
  results: readonly ToolResult[],
  next: StepNext,
): StepDone {
  return { type: 'done', opening, results, changes: resident.workspace.takeChanges(), next };
}

/** What follows a response that asked for no tools. */
function afterAnswer(answer: AnswerInput | undefined): StepNext {
  if (!answer) return { wait: 'nothing', stopReason: 'end' };
  const checked = checkOutput(answer.text, answer.schema);
  if (checked.ok) return { wait: 'nothing', stopReason: 'end', output: checked.json };
  const cut = answer.isCut ? ['it was cut off: the answer is longer than the model may write'] : [];
  const problems = [...cut, ...checked.problems];
  if (!answer.isRepair) return { wait: 'repair', message: repairMessage(problems) };
  const problem = `the answer is not the value that was asked for: ${problems.slice(0, 3).join('; ')}`;
  return { wait: 'nothing', stopReason: 'invalid-output', problem };
}

import type { AnswerInput, Opening, StepDone, StepInput, StepNext } from '../protocol/messages.ts';
import { openingOf } from '../protocol/opening.ts';
import { planCalls } from '../tools/plan-calls.ts';
import { runCall } from '../tools/run-call.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import { checkOutput } from './check-output.ts';
import { CallContext, type OnStop } from './call-context.ts';
import { CallStopwatch } from './call-stopwatch.ts';
import { repairMessage } from './repair-message.ts';
import type { Resident } from './resident.ts';

/** How a step tells where it is and hears that it should stop. The worker binds it to shared memory, a test to nothing. */
export interface StepProgress {
  begin(callIndex: number, timeoutMs: number): void;
  end(callIndex: number): void;
  readonly stopped: boolean;
  readonly onStop: OnStop;
}

export interface StepOptions {
  readonly serial: boolean;
  /** The session's first step. */
  readonly first: boolean;
  /** No further calls are begun after this long. */
  readonly budgetMs: number;
  /** Deadline of a call whose tool has none of its own. */
  readonly callTimeoutMs: number;
  readonly progress: StepProgress;
  /** W3C trace context for spans that tools make. */
  readonly traceparent?: string | undefined;
  /** Report when each call ran. */
  readonly timed?: boolean | undefined;
}

interface CallOptions extends StepOptions {
  readonly stopwatch: CallStopwatch | undefined;
}

/**
 * One step of the agent loop: takes one input, runs the tool calls it can, says what the session waits for next.
 * Knows no threads and waits for nothing but tools. File changes stay in the resident's volume and are reported.
 */
export async function runStep(resident: Resident, input: StepInput, options: StepOptions): Promise<StepDone> {
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
      const { results, next } = await runCalls(resident, input, { ...options, stopwatch });
      const outcome = done(resident, opening, results, next);
      return stopwatch ? { ...outcome, timings: stopwatch.timings } : outcome;
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

/**
 * Read-only calls that stand together run in parallel, the others in order; an outside effect ends the step,
 * because only the coordinator may say that it begins.
 */
async function runCalls(
  resident: Resident,
  input: Extract<StepInput, { type: 'turn' }>,
  options: CallOptions,
): Promise<{ results: ToolResult[]; next: StepNext }> {
  const settled = new Set(input.settled.map((result) => result.callId));
  const begun = new Set(input.begun);
  const indexOf = new Map(input.calls.map((call, index) => [call.id, index]));
  const results: ToolResult[] = [];
  const endsAt = performance.now() + options.budgetMs;

  for (const group of planCalls(resident.tools, input.calls)) {
    const open = group.filter((call) => !settled.has(call.id));
    if (open.length === 0) continue;
    const outside = open.filter(
      (call) => resident.tools.get(call.name)?.effects === 'outside' && !begun.has(call.id),
    );
    const here = open.filter((call) => !outside.includes(call));
    const started = here.map((call) => {
      const run = (): ToolResult | Promise<ToolResult> =>
        runOne(resident, call, indexOf.get(call.id) ?? 0, options);
      return options.serial ? run : run();
    });
    for (const result of started) results.push(await (typeof result === 'function' ? result() : result));
    if (outside.length > 0) {
      return { results, next: { wait: 'outside', callIds: outside.map((call) => call.id) } };
    }
    if (options.progress.stopped || performance.now() >= endsAt) break;
  }
  return { results, next: { wait: 'model' } };
}

function runOne(
  resident: Resident,
  call: ToolCall,
  callIndex: number,
  { progress, callTimeoutMs, traceparent, stopwatch }: CallOptions,
): ToolResult | Promise<ToolResult> {
  const tool = resident.tools.get(call.name);
  const context = new CallContext({
    sessionId: resident.spec.sessionId,
    workspace: resident.workspace,
    guarded: !resident.builtIn.has(call.name),
    onStop: progress.onStop,
    traceparent,
  });
  const stopTiming = stopwatch?.start(call.id);
  progress.begin(callIndex, tool?.timeoutMs ?? callTimeoutMs);
  const end = (result: ToolResult): ToolResult => {
    stopTiming?.();
    context.end();
    progress.end(callIndex);
    return result;
  };
  const result = runCall(resident.tools, call, context, { readers: resident.readers });
  return result instanceof Promise ? result.then(end) : end(result);
}

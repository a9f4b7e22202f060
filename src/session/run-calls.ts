import { types } from 'node:util';
import type { StepInput, StepNext } from '../protocol/messages.ts';
import { planCalls } from '../tools/plan-calls.ts';
import { runCall } from '../tools/run-call.ts';
import type { ToolCall, ToolResult } from '../tools/tool.ts';
import { CallContext, type StopSource } from './call-context.ts';
import type { CallStopwatch } from './call-stopwatch.ts';
import type { Resident } from './resident.ts';

/** How a step tells where it is and hears that it should stop. The worker binds it to shared memory, a test to nothing. */
export interface StepProgress extends StopSource {
  begin(callIndex: number, timeoutMs: number): void;
  end(callIndex: number): void;
  readonly stopped: boolean;
}

export interface CallOptions {
  /** Run even read-only calls one at a time. */
  readonly serial: boolean;
  /** No further calls are begun after this long. */
  readonly budgetMs: number;
  /** Deadline of a call whose tool has none of its own. */
  readonly callTimeoutMs: number;
  readonly progress: StepProgress;
  /** W3C trace context for spans that tools make. */
  readonly traceparent?: string | undefined;
}

export interface CallsRun {
  readonly results: readonly ToolResult[];
  readonly next: StepNext;
}

/**
 * Read-only calls that stand together run in parallel, the others in order; an outside effect ends the step,
 * because only the coordinator may say that it begins.
 * @param stopwatch  is told when each call runs
 * @returns the results themselves when every tool answered at once, else a native promise of them
 */
export function runCalls(
  resident: Resident,
  input: Extract<StepInput, { type: 'turn' }>,
  options: CallOptions,
  stopwatch?: CallStopwatch,
): CallsRun | Promise<CallsRun> {
  return new TurnCalls(resident, input, options, stopwatch).run();
}

/** The calls of one turn, as far as this step runs them. */
class TurnCalls {
  readonly #resident: Resident;
  readonly #input: Extract<StepInput, { type: 'turn' }>;
  readonly #options: CallOptions;
  readonly #stopwatch: CallStopwatch | undefined;
  readonly #groups: readonly (readonly ToolCall[])[];
  readonly #settled: ReadonlySet<string>;
  readonly #endsAt: number;
  readonly #results: ToolResult[] = [];

  constructor(
    resident: Resident,
    input: Extract<StepInput, { type: 'turn' }>,
    options: CallOptions,
    stopwatch: CallStopwatch | undefined,
  ) {
    this.#resident = resident;
    this.#input = input;
    this.#options = options;
    this.#stopwatch = stopwatch;
    this.#groups = planCalls(resident.tools, input.calls);
    this.#settled = new Set(input.settled.map((result) => result.callId));
    this.#endsAt = performance.now() + options.budgetMs;
  }

  run(): CallsRun | Promise<CallsRun> {
    return this.#goOn(0);
  }

  #goOn(from: number): CallsRun | Promise<CallsRun> {
    for (let index = from; index < this.#groups.length; index++) {
      const here: ToolCall[] = [];
      const outside: ToolCall[] = [];
      for (const call of this.#groups[index]!) {
        if (!this.#settled.has(call.id)) (this.#isOutside(call) ? outside : here).push(call);
      }
      if (here.length === 0 && outside.length === 0) continue;
      const waiting = this.#runGroup(here);
      if (waiting) return waiting.then(() => this.#endAfter(outside) ?? this.#goOn(index + 1));
      const end = this.#endAfter(outside);
      if (end) return end;
    }
    return this.#end({ wait: 'model' });
  }

  #isOutside({ id, name }: ToolCall): boolean {
    return this.#resident.tools.get(name)?.effects === 'outside' && !this.#input.begun.includes(id);
  }

  /** What the step comes to when no further group may run. */
  #endAfter(outside: readonly ToolCall[]): CallsRun | undefined {
    if (outside.length > 0) return this.#end({ wait: 'outside', callIds: outside.map((call) => call.id) });
    const isOver = this.#options.progress.stopped || performance.now() >= this.#endsAt;
    return isOver ? this.#end({ wait: 'model' }) : undefined;
  }

  #end(next: StepNext): CallsRun {
    return { results: this.#results, next };
  }

  /** Undefined when all have answered at once, as nearly all tools do. */
  #runGroup(calls: readonly ToolCall[]): Promise<void> | undefined {
    if (this.#options.serial) return this.#runInTurn(calls);
    const started = calls.map((call) => this.#run(call));
    if (started.some((result) => types.isPromise(result))) return this.#collect(started);
    this.#results.push(...(started as ToolResult[]));
    return undefined;
  }

  async #runInTurn(calls: readonly ToolCall[]): Promise<void> {
    for (const call of calls) this.#results.push(await this.#run(call));
  }

  async #collect(started: readonly (ToolResult | Promise<ToolResult>)[]): Promise<void> {
    for (const result of started) this.#results.push(await result);
  }

  #run(call: ToolCall): ToolResult | Promise<ToolResult> {
    const { tools, builtIn, readers, spec, workspace } = this.#resident;
    const { progress, callTimeoutMs, traceparent } = this.#options;
    const callIndex = this.#input.calls.indexOf(call);
    const context = new CallContext({
      sessionId: spec.sessionId,
      workspace,
      guarded: !builtIn.has(call.name),
      progress,
      traceparent,
    });
    const stopTiming = this.#stopwatch?.start(call.id);
    const end = (result: ToolResult): ToolResult => {
      stopTiming?.();
      context.end();
      progress.end(callIndex);
      return result;
    };
    progress.begin(callIndex, tools.get(call.name)?.timeoutMs ?? callTimeoutMs);
    const result = runCall(tools, call, context, { readers });
    return types.isPromise(result) ? result.then(end) : end(result);
  }
}

import type { LoopLimits } from '../context/loops.ts';
import type { ContextSettings } from '../context/room.ts';
import type { BaseImageHandle } from '../workspace/base-image.ts';
import type { FileChange, WorkspaceQuota } from '../workspace/workspace.ts';
import type { OutputSchema, Priority } from '../model/model.ts';
import type { JsonSchema, ToolCall, ToolResult } from '../tools/tool.ts';
import type { Skill } from '../skills/skill.ts';
import type { BudgetOptions } from './budget.ts';

/**
 * What travels between the coordinator and a session thread. One task in, one outcome out; nothing else is ever
 * sent, in either direction, except the flags on the step's {@link StepPage}.
 */

/** Coordinator → runner: run one step. Answered by exactly one {@link StepOutcome}. */
export interface StepTask {
  readonly sessionId: string;
  /** Unique in the pool. The volume that this step leaves behind is known by it. */
  readonly stepId: number;
  /** The step whose volume this one starts from; 0 for a session that has not run yet. */
  readonly volumeOf: number;
  /** What outside tools changed since that step; applied before the input. */
  readonly changes: readonly FileChange[];
  readonly input: StepInput;
  /** Other sessions that were closed or parked: what the thread still has of them is dropped. */
  readonly drop: readonly string[];
  /** Makes the session resident; null when the coordinator believes that it is. */
  readonly state: SessionState | null;
  /** Run even read-only calls one at a time, so that a death has one suspect. */
  readonly serial: boolean;
  /** A step that has taken this long begins no further calls: what is done is journalled, and the next step goes on. */
  readonly budgetMs: number;
  /** Deadline of a call whose tool has none of its own, and the longest that the step may spend outside its calls. */
  readonly stepTimeoutMs: number;
  /** W3C trace context for spans that its tools make; absent where nobody traces. */
  readonly traceparent?: string;
  /** Report when each call ran. Absent where nobody asks. */
  readonly timed?: boolean;
}

/** Runner → thread: the task, and memory that the two share while it runs. */
export interface ThreadTask extends StepTask {
  /** Of the step's page: see `step-page.ts`. */
  readonly page: SharedArrayBuffer;
}

export type StepInput =
  /** Load the tools and say what the model is offered. Sent when a session starts with tool modules. */
  | { readonly type: 'open' }
  /** A prompt begins. */
  | { readonly type: 'prompt' }
  /** The model responded; `settled` holds the results that are known already (a re-run, an outside answer). */
  | {
      readonly type: 'turn';
      /** Tool rounds of this prompt that were finished before this one. */
      readonly roundsDone: number;
      readonly calls: readonly ToolCall[];
      readonly settled: readonly ToolResult[];
      /** Outside effects of tool modules whose intent is journalled: this step runs them, once. */
      readonly begun: readonly string[];
      /** What the model said without asking for tools, when the prompt wants a value: this step checks it. */
      readonly answer?: AnswerInput;
    };

/** An answer that is to be a value. */
export interface AnswerInput {
  readonly text: string;
  readonly schema: OutputSchema;
  /** The model's limit on its output cut it off. */
  readonly isCut: boolean;
  /** It was told already what was wrong with its first one. */
  readonly isRepair: boolean;
}

/** Session thread → main. */
export type StepOutcome =
  /** The session's volume, as of `volumeOf`, is not in this thread: send the task again with the state. */
  | { readonly type: 'miss' }
  /** The step cannot be run, and running it again will not help (a tool module that does not load, say). */
  | { readonly type: 'failed'; readonly error: { readonly code: string; readonly message: string } }
  | StepDone;

/** The step is over. Nothing in it is real before the coordinator has journalled it. */
export interface StepDone {
  readonly type: 'done';
  /** Given once a session, by its first step. */
  readonly opening: Opening | null;
  /** In the order in which they ended; calls that were settled before are not repeated. */
  readonly results: readonly ToolResult[];
  /** Net file changes of this step, in order of last change. */
  readonly changes: readonly FileChange[];
  readonly next: StepNext;
  /** Where the task asked for them: of the calls in `results`. */
  readonly timings?: readonly CallTiming[];
}

/** When a call ran, in epoch milliseconds with fractions. Within a step they are of one monotonic clock. */
export interface CallTiming {
  readonly callId: string;
  readonly startEpochMs: number;
  readonly endEpochMs: number;
}

/** What the session waits for after a step. */
export type StepNext =
  | { readonly wait: 'model' }
  /** These calls are outside effects: the coordinator journals the intent, runs or allows them, and sends the turn again. */
  | { readonly wait: 'outside'; readonly callIds: readonly string[] }
  /** `output`: the value that was asked for, as JSON. */
  | { readonly wait: 'nothing'; readonly stopReason: 'end' | 'max-turns'; readonly output?: string }
  /** The answer is not the value that was asked for: the model is told this, once in a prompt. */
  | { readonly wait: 'repair'; readonly message: string }
  /** It is not for the second time. */
  | { readonly wait: 'nothing'; readonly stopReason: 'invalid-output'; readonly problem: string }
  /** After `open`. */
  | { readonly wait: 'prompt' };

/** What every model request of the session begins with. */
export interface Opening {
  /** The system prompt with the skill catalogue; null when both are empty. */
  readonly system: string | null;
  /** Chat Completions' `tools` array as JSON; null when no tool is offered. */
  readonly tools: string | null;
}

/** Everything that a thread needs to make a session resident. */
export interface SessionState {
  readonly spec: SessionSpec;
  /** The overlay, in order of last change; already holds `StepTask.changes`. */
  readonly overlay: readonly FileChange[];
}

/** What was fixed when the session started. Plain data: it is journalled and crosses threads. */
export interface SessionSpec {
  readonly sessionId: string;
  /** `provider:name`. */
  readonly model: string;
  readonly modelOptions: Readonly<Record<string, unknown>>;
  /** The caller's system text; '' for none. */
  readonly system: string;
  readonly skills: readonly Skill[];
  readonly tools: readonly ToolSource[];
  /** First wins: the session's own seed files, then the shared base image. */
  readonly images: readonly BaseImageHandle[];
  /** Tool rounds a prompt may take; 0 for no limit. */
  readonly maxTurns: number;
  /** `provider:name` of models that are asked when that one gives no answer, in order. */
  readonly fallback?: readonly string[];
  /** Of its prompts that have none of their own. Absent for `interactive`. */
  readonly priority?: Priority;
  readonly quota: WorkspaceQuota;
  /** What it may spend, until it is given another budget. Absent for no limit. */
  readonly budget?: BudgetOptions;
  /** The group that its spending counts against. */
  readonly group?: string;
  /** Id of the session whose budget its spending counts against. */
  readonly parent?: string;
  /** Absent in sessions of an earlier version: then the defaults. */
  readonly context?: ContextSettings;
  /** Absent in sessions of an earlier version, and false: loops are not looked for. */
  readonly loops?: LoopLimits | false;
}

export type ToolSource =
  /** A preset or one built-in tool, by name. */
  | { readonly kind: 'named'; readonly name: string }
  /** A module whose default export is an array of tools; loaded in the session thread. */
  | { readonly kind: 'module'; readonly url: string }
  /** A tool object of the caller: it runs on the main thread, as an outside effect. */
  | {
      readonly kind: 'host';
      readonly name: string;
      readonly description: string;
      readonly parameters: JsonSchema;
      readonly readOnly: boolean;
      /** It may be run again when its result was lost. */
      readonly idempotent: boolean;
    };

/** Given to a session thread when it starts. */
export interface ThreadSetup {
  readonly residency: ResidencyLimits;
  /** In a shard process: the pipe that says what each step is doing, see `shard-progress.ts`. */
  readonly progressFd?: number;
}

/** What one session thread keeps between steps. */
export interface ResidencyLimits {
  readonly maxSessions: number;
  /** Sum of the overlays' bytes; base images are shared and do not count. */
  readonly maxBytes: number;
}

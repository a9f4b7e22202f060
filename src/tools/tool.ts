import type { Workspace } from '../workspace/workspace.ts';

/** A JSON Schema object describing a tool's arguments. */
export type JsonSchema = { readonly [key: string]: unknown };

/** What a tool may use while it runs. Belongs to one call; do not keep it. */
export interface ToolContext {
  readonly workspace: Workspace;
  /** Aborted when the prompt is cancelled. */
  readonly signal: AbortSignal;
  readonly sessionId: string;
  /**
   * W3C trace context (`00-…`) for spans of the tool's own; undefined where nobody traces. In a function of the caller it is that of
   * the call's span, which is also the active one there; in a session thread that of the turn.
   */
  readonly traceparent?: string | undefined;
}

/** Something the model can call. */
export interface Tool {
  /** `^[a-zA-Z0-9_-]{1,64}$`, as Chat Completions asks. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments; an object schema. */
  readonly parameters: JsonSchema;
  /** Changes nothing: such calls of one turn may run in parallel. Default false. */
  readonly readOnly?: boolean;
  /** `workspace` (default): only the volume, safe to run again. `outside`: run once, by the coordinator. */
  readonly effects?: 'workspace' | 'outside';
  /**
   * Of a tool object that is run on the main thread: it may be run again when the process died before its result was
   * kept. Without it such a call is answered `outcome_unknown`. Default false.
   */
  readonly idempotent?: boolean;
  /** Deadline of one call; default the step's. */
  readonly timeoutMs?: number;
  /**
   * Returns what the model is told: a string as it is, nothing as `(no output)`, anything else as JSON.
   * A throw becomes an error result; it never ends the prompt.
   */
  execute(input: never, ctx: ToolContext): unknown;
}

/** One request of the model. `arguments` is the provider's text, possibly not valid JSON. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** The answer to one {@link ToolCall}; failure is a result too. */
export interface ToolResult {
  readonly callId: string;
  readonly name: string;
  readonly content: string;
  readonly isError: boolean;
}

/** What the model is offered: Chat Completions' `tools` element. */
export interface ToolDefinition {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description: string; readonly parameters: JsonSchema };
}

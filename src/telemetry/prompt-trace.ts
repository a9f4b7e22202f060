import { ATTR, OPERATION, SPAN } from './names.ts';
import { ROOT_CONTEXT, SpanKind, trace, tracer, type Attributes, type Context, type Span } from './otel.ts';
import { workflowOf } from './workflow.ts';

const AGENT_NAME = 'skein';

interface OpenTurn {
  readonly span: Span;
  readonly context: Context;
}

/** The spans of one prompt: its own, the turn in progress, and whatever is done in them. */
export class PromptTrace {
  readonly sessionId: string;
  readonly span: Span;
  readonly #context: Context;
  #turn: OpenTurn | undefined;
  #gateReason: string | undefined;

  /** @param caller  where the prompt was sent; null for one that an earlier process accepted */
  constructor(
    prompt: { readonly sessionId: string; readonly promptId: string },
    attributes: Attributes,
    caller: Context | null,
  ) {
    this.sessionId = prompt.sessionId;
    const workflow = caller ? workflowOf(caller) : undefined;
    // Sessions of a batch have a trace each: one of thousands of them could not be looked at.
    const parent = workflow ? ROOT_CONTEXT : (caller ?? ROOT_CONTEXT);
    this.span = tracer().startSpan(
      `${OPERATION.invokeAgent} ${AGENT_NAME}`,
      {
        kind: SpanKind.INTERNAL,
        root: workflow !== undefined || caller === null,
        ...(workflow ? { links: [{ context: workflow }] } : {}),
        attributes: {
          [ATTR.operation]: OPERATION.invokeAgent,
          [ATTR.agentName]: AGENT_NAME,
          [ATTR.conversationId]: prompt.sessionId,
          [ATTR.promptId]: prompt.promptId,
          ...attributes,
        },
      },
      parent,
    );
    this.#context = trace.setSpan(parent, this.span);
  }

  /** Where what the prompt does now belongs: its turn, or itself between turns. */
  get context(): Context {
    return this.#turn?.context ?? this.#context;
  }

  /** The innermost span that is open. */
  get current(): Span {
    return this.#turn?.span ?? this.span;
  }

  turnBegan(turn: number): void {
    this.turnEnded();
    const span = tracer().startSpan(
      SPAN.turn,
      { attributes: { [ATTR.turn]: turn, [ATTR.conversationId]: this.sessionId } },
      this.#context,
    );
    this.#turn = { span, context: trace.setSpan(this.#context, span) };
  }

  turnEnded(): void {
    this.#turn?.span.end();
    this.#turn = undefined;
  }

  /** A model call waits for the gate. The last reason that it is given counts. */
  gateWaiting(reason: string): void {
    this.#gateReason = reason;
  }

  /** It waits no longer. @returns what was waited for */
  gateLeft(): string | undefined {
    const reason = this.#gateReason;
    this.#gateReason = undefined;
    return reason;
  }

  /** A wait that is over now. @param mark  says on its span what else there is to say */
  waited(name: string, waitedMs: number, attributes: Attributes, mark?: (span: Span) => void): void {
    const endMs = Date.now();
    const span = tracer().startSpan(name, { startTime: endMs - waitedMs, attributes }, this.context);
    mark?.(span);
    span.end(endMs);
  }

  end(): void {
    this.turnEnded();
    this.span.end();
  }
}

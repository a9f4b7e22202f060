import type { PoolEventBody } from '../pool/pool-event.ts';
import { ATTR, SPAN_EVENT } from './names.ts';
import type { Attributes } from './otel.ts';

/** Something that took no time of its own. */
export interface SpanEvent {
  readonly name: string;
  readonly attributes: Attributes;
}

/** What of a prompt is an event on its spans; undefined for all else. Nothing in it is content: what was said or called. */
export function spanEventOf(event: PoolEventBody): SpanEvent | undefined {
  switch (event.type) {
    case 'prompt-started':
      return { name: SPAN_EVENT.promptStarted, attributes: {} };
    case 'model-retried':
      return {
        name: SPAN_EVENT.modelRetried,
        attributes: {
          [ATTR.model]: event.model,
          [ATTR.attempt]: event.attempt,
          [ATTR.errorType]: event.kind,
          [ATTR.message]: event.message,
          [ATTR.delayMs]: event.delayMs,
          [ATTR.discarded]: event.discarded,
        },
      };
    case 'model-fell-back':
      return {
        name: SPAN_EVENT.modelFellBack,
        attributes: {
          [ATTR.fromModel]: event.from,
          [ATTR.toModel]: event.to,
          [ATTR.errorType]: event.kind,
          [ATTR.message]: event.message,
          [ATTR.discarded]: event.discarded,
        },
      };
    case 'step-retried':
      return {
        name: SPAN_EVENT.stepRetried,
        attributes: { [ATTR.reason]: event.reason, [ATTR.message]: event.message },
      };
    case 'schema-refused':
      return {
        name: SPAN_EVENT.schemaRefused,
        attributes: { [ATTR.model]: event.model, [ATTR.message]: event.message },
      };
    case 'output-refused':
      // Its message may repeat the answer.
      return { name: SPAN_EVENT.outputRefused, attributes: { [ATTR.turn]: event.turn } };
    case 'budget':
      return {
        name: SPAN_EVENT.budgetReached,
        attributes: {
          [ATTR.budgetScope]: event.scope,
          ...(event.name === null ? {} : { [ATTR.budgetName]: event.name }),
          [ATTR.budgetWhat]: event.what,
          [ATTR.budgetLimit]: event.limit,
          [ATTR.budgetSpent]: event.spent,
          [ATTR.budgetAction]: event.action,
        },
      };
    case 'resumed':
      return { name: SPAN_EVENT.resumed, attributes: {} };
    case 'compacted':
      return {
        name: SPAN_EVENT.compacted,
        attributes: {
          [ATTR.compaction]: event.how,
          [ATTR.tokensBefore]: event.beforeTokens,
          [ATTR.tokensAfter]: event.afterTokens,
        },
      };
    case 'loop-warned':
      return {
        name: SPAN_EVENT.loopWarned,
        attributes: {
          [ATTR.toolName]: event.name,
          [ATTR.toolCallId]: event.callId,
          [ATTR.repetitions]: event.count,
        },
      };
    default:
      return undefined;
  }
}

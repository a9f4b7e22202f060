import { ATTR, OPERATION } from './names.ts';
import {
  context,
  createContextKey,
  hasTracing,
  SpanKind,
  SpanStatusCode,
  trace,
  tracer,
  type Context,
  type SpanContext,
} from './otel.ts';

const WORKFLOW = createContextKey('skein.workflow');

/** The batch that a context is in; prompts sent there have traces of their own, linked with its span. */
export function workflowOf(where: Context): SpanContext | undefined {
  return where.getValue(WORKFLOW) as SpanContext | undefined;
}

/** Runs a batch under a span of its name; inside another one's span, as it is. */
export async function inWorkflow<Result>(
  workflow: { readonly name: string; readonly items: number },
  run: () => Promise<Result>,
): Promise<Result> {
  const caller = context.active();
  if (!hasTracing() || workflowOf(caller)) return run();
  const span = tracer().startSpan(
    `${OPERATION.invokeWorkflow} ${workflow.name}`,
    {
      kind: SpanKind.INTERNAL,
      attributes: {
        [ATTR.operation]: OPERATION.invokeWorkflow,
        [ATTR.workflowName]: workflow.name,
        [ATTR.items]: workflow.items,
      },
    },
    caller,
  );
  const inside = trace.setSpan(caller, span).setValue(WORKFLOW, span.spanContext());
  try {
    return await context.with(inside, run);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

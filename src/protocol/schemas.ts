import * as z from 'zod/mini';
import { isFilePath } from '../workspace/paths.ts';
import type { StepOutcome } from './messages.ts';
import type { TextBatch } from './model-protocol.ts';

/**
 * What a thread reports is checked before the coordinator believes it: a custom tool runs in the same thread and
 * could have damaged anything there.
 */
const toolResult = z.object({
  callId: z.string(),
  name: z.string(),
  content: z.string(),
  isError: z.boolean(),
});

const fileChange = z.object({
  path: z.string().check(z.refine(isFilePath)),
  bytes: z.union([z.null(), z.instanceof(Uint8Array)]),
});

const callTiming = z.object({
  callId: z.string(),
  startEpochMs: z.number(),
  endEpochMs: z.number(),
});

const stepNext = z.union([
  z.object({ wait: z.literal('model') }),
  z.object({ wait: z.literal('outside'), callIds: z.array(z.string()) }),
  z.object({
    wait: z.literal('nothing'),
    stopReason: z.enum(['end', 'max-turns']),
    output: z.exactOptional(z.string().check(z.refine(isJson))),
  }),
  z.object({ wait: z.literal('repair'), message: z.string() }),
  z.object({ wait: z.literal('nothing'), stopReason: z.literal('invalid-output'), problem: z.string() }),
  z.object({ wait: z.literal('prompt') }),
]);

const stepOutcome = z.discriminatedUnion('type', [
  z.object({ type: z.literal('miss') }),
  z.object({ type: z.literal('failed'), error: z.object({ code: z.string(), message: z.string() }) }),
  z.object({
    type: z.literal('done'),
    opening: z.union([
      z.null(),
      z.object({ system: z.union([z.null(), z.string()]), tools: z.union([z.null(), z.string()]) }),
    ]),
    results: z.array(toolResult),
    changes: z.array(fileChange),
    next: stepNext,
    timings: z.exactOptional(z.array(callTiming)),
  }),
]);

const rateWindow = z.object({
  limit: z.exactOptional(z.number()),
  remaining: z.exactOptional(z.number()),
  resetMs: z.exactOptional(z.number()),
});
const rateLimits = z.object({ requests: z.exactOptional(rateWindow), tokens: z.exactOptional(rateWindow) });

const textBatch = z.object({
  type: z.literal('text-batch'),
  parts: z.array(z.object({ callId: z.number(), kind: z.enum(['text', 'reasoning']), text: z.string() })),
  began: z.array(z.object({ callId: z.number(), limits: z.union([z.null(), rateLimits]) })),
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** `undefined` when the message is not a step outcome. */
export function readStepOutcome(message: unknown): StepOutcome | undefined {
  const parsed = stepOutcome.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}

/** `undefined` when the message is not a batch of text. */
export function readTextBatch(message: unknown): TextBatch | undefined {
  const parsed = textBatch.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}

import * as z from 'zod/mini';
import type { TextBatch } from './model-protocol.ts';

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

/** `undefined` when the message is not a batch of text. */
export function readTextBatch(message: unknown): TextBatch | undefined {
  const parsed = textBatch.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}

import * as z from 'zod/mini';
import type { CallBegan, CallReply, ModelBatch } from './model-protocol.ts';

const rateWindow = z.object({
  limit: z.exactOptional(z.number()),
  remaining: z.exactOptional(z.number()),
  resetMs: z.exactOptional(z.number()),
});
const rateLimits = z.object({ requests: z.exactOptional(rateWindow), tokens: z.exactOptional(rateWindow) });

/** `undefined` when the message is no batch. Written by hand: there are hundreds a second, most of them with nothing but text. */
export function readModelBatch(message: unknown): ModelBatch | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, began, parts, replies } = message as Partial<ModelBatch>;
  if (type !== 'model-batch') return undefined;
  if (!Array.isArray(began) || !Array.isArray(parts) || !Array.isArray(replies)) return undefined;
  const isBatch = began.every(isCallBegan) && areTextParts(parts) && replies.every(isCallReply);
  return isBatch ? (message as ModelBatch) : undefined;
}

function isCallBegan(value: unknown): boolean {
  const { callId, limits } = (value ?? {}) as Partial<CallBegan>;
  return typeof callId === 'number' && (limits === null || rateLimits.safeParse(limits).success);
}

function areTextParts(parts: readonly unknown[]): boolean {
  if (parts.length % 3 !== 0) return false;
  for (let at = 0; at < parts.length; at += 3) {
    const kind = parts[at + 1];
    if (typeof parts[at] !== 'number' || typeof parts[at + 2] !== 'string') return false;
    if (kind !== 'text' && kind !== 'reasoning') return false;
  }
  return true;
}

/** What is in a reply comes from our own code, which no tool runs beside. */
function isCallReply(value: unknown): boolean {
  const { callId, reply } = (value ?? {}) as Partial<CallReply>;
  return typeof callId === 'number' && typeof reply === 'object' && typeof reply?.ok === 'boolean';
}

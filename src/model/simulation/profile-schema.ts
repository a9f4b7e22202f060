import * as z from 'zod/mini';
import { cacheSchema, drawSchema, faultSchema, pricesSchema } from '../scripted/script-schema.ts';
import { FAULT_KINDS, type FaultKind } from './profile.ts';

/** Faster, skein's own work and the tools' would be most of what is measured. */
const MAX_SPEED = 100;
/** A week. */
const MAX_MINUTES = 7 * 24 * 60;
const MAX_TOKENS = 128_000;

const count = z.number().check(z.int(), z.gte(1));
const minutes = z.number().check(z.gte(0), z.lte(MAX_MINUTES));
const tokens = z.number().check(z.gte(1), z.lte(MAX_TOKENS));

/** `SimulationProfile`, as far as a schema can say it. */
export const profileSchema = z.strictObject({
  seed: z.optional(z.number().check(z.int(), z.gte(0))),
  speed: z.optional(z.number().check(z.gte(1), z.lte(MAX_SPEED))),
  limits: z.optional(
    z.strictObject({
      requestsPerMinute: z.optional(count),
      tokensPerMinute: z.optional(count),
      concurrent: z.optional(count),
      window: z.optional(z.enum(['sliding', 'fixed', 'bucket'])),
      by: z.optional(z.enum(['model', 'key'])),
      told: z.optional(z.enum(['openai', 'anthropic', 'openrouter', 'retry-after', 'none'])),
    }),
  ),
  latency: z.optional(
    z.strictObject({ firstTokenMs: z.optional(drawSchema), tokenMs: z.optional(drawSchema) }),
  ),
  faults: z.optional(
    z.array(
      z.strictObject({
        kind: z.optional(z.enum(Object.keys(FAULT_KINDS) as FaultKind[])),
        fault: z.optional(faultSchema),
        share: z.optional(z.number().check(z.gte(0), z.lte(1))),
        fromMinute: z.optional(minutes),
        toMinute: z.optional(minutes),
      }),
    ),
  ),
  cache: z.optional(cacheSchema),
  prices: z.optional(pricesSchema),
  answers: z.optional(
    z.union([
      z.string().check(z.minLength(1)),
      z.strictObject({
        behaviour: z.optional(z.enum(['edit', 'text'])),
        reads: z.optional(z.number().check(z.int(), z.gte(1), z.lte(50))),
        tokens: z.optional(
          z.union([
            tokens,
            z.strictObject({
              p50: z.optional(tokens),
              p99: z.optional(tokens),
              mean: z.optional(tokens),
              deviation: z.optional(z.number().check(z.gte(0), z.lte(MAX_TOKENS))),
            }),
          ]),
        ),
      }),
    ]),
  ),
});

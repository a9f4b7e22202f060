import * as z from 'zod/mini';

const whole = z.number().check(z.int(), z.gte(0));
const milliseconds = z.number().check(z.gte(0), z.lte(2 ** 31 - 1));
const pattern = z.union([z.string(), z.strictObject({ pattern: z.string(), flags: z.optional(z.string()) })]);
/** Which of them go together is checked later: a reader is told more then. */
const figures = z.strictObject({
  p50: z.optional(milliseconds),
  p99: z.optional(milliseconds),
  mean: z.optional(milliseconds),
  deviation: z.optional(milliseconds),
});
export const drawSchema = z.union([milliseconds, figures]);
const delay = z.strictObject({
  firstMs: z.optional(drawSchema),
  betweenMs: z.optional(drawSchema),
  tokenMs: z.optional(drawSchema),
  jitter: z.optional(z.number().check(z.gte(0), z.lte(1))),
});
const answer = z.strictObject({
  text: z.optional(z.string()),
  reasoning: z.optional(z.string()),
  chunks: z.optional(z.number().check(z.int(), z.gte(1))),
  calls: z.optional(
    z.array(
      z.strictObject({
        name: z.string().check(z.minLength(1)),
        arguments: z.optional(z.union([z.record(z.string(), z.unknown()), z.string()])),
      }),
    ),
  ),
  delay: z.optional(delay),
  usage: z.optional(
    z.union([
      z.literal('none'),
      z.strictObject({
        input: z.optional(whole),
        output: z.optional(whole),
        reasoning: z.optional(whole),
        cached: z.optional(whole),
        cacheWrite: z.optional(whole),
        cost: z.optional(z.number().check(z.gte(0))),
      }),
    ]),
  ),
  finish: z.optional(z.string()),
});
const yes = z.literal(true);
export const faultSchema = z.strictObject({
  status: z.optional(z.number().check(z.int(), z.gte(200), z.lte(599))),
  headers: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.unknown()),
  retryAfter: z.optional(z.union([z.number(), z.string()])),
  cutAtByte: z.optional(whole),
  endAtByte: z.optional(whole),
  garbleAtByte: z.optional(whole),
  stall: z.optional(whole),
  pingOnly: z.optional(yes),
  html: z.optional(yes),
  json: z.optional(yes),
  errorEvent: z.optional(z.record(z.string(), z.unknown())),
  hugeLine: z.optional(whole),
  refuse: z.optional(yes),
  noFinish: z.optional(yes),
  doneOnly: z.optional(yes),
  echoKey: z.optional(yes),
  redirect: z.optional(z.string()),
  refuseSchema: z.optional(yes),
});
const positive = z.number().check(z.int(), z.gte(1));
const duration = z.number().check(z.gte(1), z.lte(2 ** 31 - 1));
const price = z.number().check(z.gte(0));
const limits = z.strictObject({
  requestsPerMinute: z.optional(positive),
  tokensPerMinute: z.optional(positive),
  concurrent: z.optional(positive),
  window: z.optional(z.enum(['sliding', 'fixed', 'bucket'])),
  minuteMs: z.optional(duration),
  headers: z.optional(z.enum(['openai', 'anthropic', 'openrouter', 'none'])),
  retryAfter: z.optional(z.boolean()),
  tellFullMinutes: z.optional(z.boolean()),
  by: z.optional(z.enum(['model', 'key'])),
});
export const cacheSchema = z.strictObject({
  minTokens: z.optional(whole),
  blockTokens: z.optional(positive),
  ttlMs: z.optional(duration),
  explicit: z.optional(z.boolean()),
});
export const pricesSchema = z.strictObject({
  input: price,
  output: price,
  cachedInput: z.optional(price),
  cacheWrite: z.optional(price),
});
const storm = z.strictObject({
  fromMs: milliseconds,
  toMs: milliseconds,
  share: z.optional(z.number().check(z.gte(0), z.lte(1))),
  fault: faultSchema,
});
/** {@link ScriptedModelScript}, as YAML can hold it. */
export const scriptSchema = z.strictObject({
  models: z.optional(z.array(z.string())),
  seed: z.optional(whole),
  delay: z.optional(delay),
  limits: z.optional(limits),
  cache: z.optional(cacheSchema),
  prices: z.optional(pricesSchema),
  storm: z.optional(z.array(storm)),
  rules: z.array(
    z.strictObject({
      match: z.optional(
        z.strictObject({
          user: z.optional(pattern),
          first: z.optional(pattern),
          system: z.optional(pattern),
          last: z.optional(pattern),
          lastRole: z.optional(z.enum(['user', 'assistant', 'tool', 'system', 'developer'])),
          tool: z.optional(z.string()),
          turn: z.optional(z.union([whole, z.array(whole)])),
          model: z.optional(z.string()),
          images: z.optional(whole),
          schema: z.optional(z.union([z.boolean(), z.string()])),
        }),
      ),
      times: z.optional(whole),
      answer: z.optional(answer),
      rewrite: z.optional(
        z.strictObject({
          pattern: z.string(),
          flags: z.optional(z.string()),
          replacement: z.string(),
          edit: z.optional(z.string()),
          as: z.optional(z.enum(['edit', 'write'])),
        }),
      ),
      otherwise: z.optional(z.string()),
      fault: z.optional(faultSchema),
    }),
  ),
});

import * as z from 'zod/mini';
import type { QuirkOptions } from '../model/quirks.ts';

/** What `providers.NAME.quirks` may hold. */
export const quirks = z.strictObject({
  developerRole: z.optional(z.boolean()),
  tokenField: z.optional(z.enum(['any', 'max_tokens', 'max_completion_tokens'])),
  strict: z.optional(z.boolean()),
  usageInStream: z.optional(z.boolean()),
  toolResultName: z.optional(z.boolean()),
  assistantAfterTool: z.optional(z.boolean()),
  parallelToolCalls: z.optional(z.boolean()),
  toolCallIds: z.optional(z.enum(['any', 'max-40', 'nine-alphanumerics'])),
  lenientEnd: z.optional(z.boolean()),
  reasoningBack: z.optional(
    z.enum(['none', 'reasoning_content', 'reasoning', 'reasoning_details', 'output_items']),
  ),
  encryptedReasoning: z.optional(z.boolean()),
  cacheControl: z.optional(z.enum(['none', 'anthropic'])),
  responseFormat: z.optional(z.enum(['json_schema', 'json_object', 'none'])),
  images: z.optional(z.boolean()),
} satisfies Record<keyof QuirkOptions, unknown>);

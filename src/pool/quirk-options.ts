import * as z from 'zod/mini';
import type { QuirkOptions } from '../model/quirks.ts';

/** Which protocol: `providers.NAME.api`. */
export const api = oneOf('chat', 'responses');

/** What `providers.NAME.quirks` may hold. */
export const quirks = z.strictObject({
  developerRole: z.optional(z.boolean()),
  tokenField: oneOf('any', 'max_tokens', 'max_completion_tokens'),
  strict: z.optional(z.boolean()),
  usageInStream: z.optional(z.boolean()),
  toolResultName: z.optional(z.boolean()),
  assistantAfterTool: z.optional(z.boolean()),
  parallelToolCalls: z.optional(z.boolean()),
  toolCallIds: oneOf('any', 'max-40', 'nine-alphanumerics'),
  lenientEnd: z.optional(z.boolean()),
  reasoningBack: oneOf('none', 'reasoning_content', 'reasoning', 'reasoning_details', 'output_items'),
  encryptedReasoning: z.optional(z.boolean()),
  cacheControl: oneOf('none', 'anthropic'),
  responseFormat: oneOf('json_schema', 'json_object', 'none'),
  images: z.optional(z.boolean()),
} satisfies Record<keyof QuirkOptions, unknown>);

function oneOf<const Value extends string>(...values: readonly Value[]) {
  return z.optional(z.enum(values, `expected one of ${values.join(', ')}`));
}

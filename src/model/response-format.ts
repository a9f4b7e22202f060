import type { ModelRequest, OutputSchema } from './model.ts';
import type { Quirks } from './quirks.ts';

/** `response_format` of Chat Completions, as JSON: as much as the provider takes; undefined where that is nothing. */
export function responseFormat(
  { name, json, strict }: OutputSchema,
  most: Quirks['responseFormat'],
): string | undefined {
  switch (most) {
    case 'json_schema':
      return `{"type":"json_schema","json_schema":{"name":${JSON.stringify(name)},"strict":${strict},"schema":${json}}}`;
    case 'json_object':
      return '{"type":"json_object"}';
    case 'none':
      return undefined;
  }
}

/** Options that say nothing of the answer's form, in either protocol's words. */
export function withoutFormat(options: ModelRequest['options']): ModelRequest['options'] {
  const { response_format: _, text, ...others } = options;
  if (text === undefined) return others;
  if (typeof text !== 'object' || text === null) return { ...others, text };
  const { format: __, ...rest } = text as { readonly format?: unknown };
  return Object.keys(rest).length === 0 ? others : { ...others, text: rest };
}

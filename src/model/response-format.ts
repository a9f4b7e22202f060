import type { OutputSchema } from './model.ts';
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

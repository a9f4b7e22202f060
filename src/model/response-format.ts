import type { OutputSchema } from './model.ts';

/** `response_format` of Chat Completions, as JSON. */
export function responseFormat({ name, json, strict }: OutputSchema): string {
  return `{"type":"json_schema","json_schema":{"name":${JSON.stringify(name)},"strict":${strict},"schema":${json}}}`;
}

import { describe, expect, it } from 'vitest';
import { ModelError, type ModelErrorKind } from '../../src/errors.ts';
import { isSchemaRefusal } from '../../src/model/schema-refusal.ts';

function isRefusal(message: string, kind: ModelErrorKind = 'invalid-request'): boolean {
  return isSchemaRefusal(new ModelError({ kind, message, status: 400 }));
}

describe('a schema that a provider refuses', () => {
  it.each([
    [
      'OpenAI, a schema',
      "HTTP 400: Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied and to be false.",
    ],
    [
      'OpenAI, a model',
      "HTTP 400: Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
    ],
    ['OpenAI, Responses', "HTTP 400: Invalid schema for text.format 'answer'."],
    [
      'Azure',
      'HTTP 400: response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later',
    ],
    ['DeepSeek', 'HTTP 400: This response_format type is unavailable now'],
    ['Groq', 'HTTP 400: This model does not support response format `json_schema`.'],
    ['vLLM', 'HTTP 400: The provided JSON schema contains features not supported by xgrammar.'],
    ['llama.cpp', 'HTTP 400: JSON schema conversion failed: Unrecognized schema'],
    ['Gemini', 'HTTP 400: The specified schema produces a constraint that has too many states for serving.'],
  ])('is told as such by %s', (_, message) => {
    expect(isRefusal(message)).toBe(true);
  });

  it.each<[string, string, ModelErrorKind?]>([
    [
      'the schema of a tool',
      "HTTP 400: Invalid schema for function 'read': 'text' is not valid under JSON schema.",
    ],
    ['the tools', 'HTTP 400: tools[0].function.parameters: invalid JSON schema'],
    ['another parameter', 'HTTP 400: Unsupported parameter: max_tokens'],
    ['a rate', 'HTTP 429: response_format requests are limited', 'rate-limited'],
    ['the server', 'HTTP 500: json_schema worker died', 'server'],
  ])('is not what a refusal is about: %s', (_, message, kind) => {
    expect(isRefusal(message, kind)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../src/model/providers.ts';
import { GENERIC, quirksOf, type Quirks } from '../../src/model/quirks.ts';
import type { ProviderOptions } from '../../src/model/model.ts';

/** The quirks of a model by its full name, as a user would have configured its provider. */
function quirks(model: string, providers: Readonly<Record<string, ProviderOptions>> = {}): Quirks {
  const keys = { OPENAI_API_KEY: 'k', OPENROUTER_API_KEY: 'k' };
  const resolved = resolveModel(model, providers, keys);
  return quirksOf(resolved.provider, resolved.model);
}

function at(baseURL: string, model = 'any'): Quirks {
  return quirks(`mine:${model}`, { mine: { baseURL } });
}

describe('the quirks of a provider', () => {
  it.each<[string, Quirks, Partial<Quirks>]>([
    [
      'OpenAI',
      quirks('openai:gpt-4.1'),
      {
        developerRole: true,
        tokenField: 'max_completion_tokens',
        toolCallIds: 'max-40',
        encryptedReasoning: false,
      },
    ],
    ['OpenAI, a model that reasons', quirks('openai:gpt-5.2'), { encryptedReasoning: true }],
    ['OpenAI, o3', quirks('openai:o3-mini'), { encryptedReasoning: true }],
    ['OpenAI, a chat model of that age', quirks('openai:gpt-5-chat-latest'), { encryptedReasoning: false }],
    [
      'Azure',
      at('https://me.openai.azure.com/openai/v1', 'gpt-5'),
      { developerRole: false, tokenField: 'max_completion_tokens', encryptedReasoning: true },
    ],
    [
      'OpenRouter',
      quirks('openrouter:google/gemini-3'),
      { tokenField: 'max_tokens', reasoningBack: 'reasoning_details', cacheControl: 'none' },
    ],
    [
      'OpenRouter, a model of Anthropic',
      quirks('openrouter:anthropic/claude-sonnet-4.5'),
      { cacheControl: 'anthropic' },
    ],
    ['OpenRouter, a model of OpenAI', quirks('openrouter:openai/gpt-5'), { toolCallIds: 'max-40' }],
    [
      'Anthropic itself',
      at('https://api.anthropic.com/v1'),
      { responseFormat: 'none', cacheControl: 'none' },
    ],
    [
      'DeepSeek',
      at('https://api.deepseek.com'),
      { tokenField: 'max_tokens', reasoningBack: 'reasoning_content', responseFormat: 'json_object' },
    ],
    [
      'Mistral',
      at('https://api.mistral.ai/v1'),
      { toolCallIds: 'nine-alphanumerics', toolResultName: true, usageInStream: false },
    ],
    ['xAI', at('https://api.x.ai/v1', 'grok-4'), { encryptedReasoning: true }],
    ['Groq', at('https://api.groq.com/openai/v1'), { tokenField: 'max_completion_tokens' }],
    ['Ollama', quirks('ollama:qwen3'), { tokenField: 'max_tokens', parallelToolCalls: false }],
    [
      'Ollama elsewhere',
      quirks('ollama:qwen3', { ollama: { baseURL: 'http://gpu:11434/v1' } }),
      { parallelToolCalls: false },
    ],
  ])('are known: %s', (_who, known, expected) => {
    expect(known).toMatchObject(expected);
  });

  it.each(['http://127.0.0.1:8000/v1', 'https://openai.com.evil.example/v1', 'https://notopenrouter.ai/v1'])(
    'are those of any server where nothing is known: %s',
    (baseURL) => {
      expect(at(baseURL, 'anthropic/claude')).toEqual(GENERIC);
    },
  );

  it('are what the user says they are, one by one', () => {
    const own = quirks('openai:gpt-5', { openai: { quirks: { developerRole: false, tokenField: 'any' } } });
    expect(own).toEqual({ ...quirks('openai:gpt-5'), developerRole: false, tokenField: 'any' });
  });

  it('have the end that `lenient` asks for, unless `quirks` says otherwise', () => {
    const lenient = { baseURL: 'http://h/v1', lenient: true };
    expect(quirks('mine:m', { mine: lenient }).lenientEnd).toBe(true);
    expect(quirks('mine:m', { mine: { ...lenient, quirks: { lenientEnd: false } } }).lenientEnd).toBe(false);
  });

  it('of the Responses API give reasoning back as it came, unless the user says otherwise', () => {
    const openai: ProviderOptions = { api: 'responses' };
    expect(quirks('openai:gpt-5', { openai })).toMatchObject({
      api: 'responses',
      reasoningBack: 'output_items',
    });
    const none: ProviderOptions = { api: 'responses', quirks: { reasoningBack: 'none' } };
    expect(quirks('openai:gpt-5', { openai: none }).reasoningBack).toBe('none');
  });
});

import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../src/model/providers.ts';

const ENV = { OPENROUTER_API_KEY: 'or-key', OPENAI_API_KEY: 'oa-key' };

describe('a model id', () => {
  it('names its provider up to the first colon', () => {
    const { provider, model } = resolveModel('openrouter:anthropic/claude:free', {}, ENV);
    expect([provider.name, model]).toEqual(['openrouter', 'anthropic/claude:free']);
    expect(provider).toMatchObject({
      baseURL: 'https://openrouter.ai/api/v1',
      apiKey: 'or-key',
      quirks: {},
    });
    expect(Object.keys(provider.headers)).toEqual([
      'HTTP-Referer',
      'X-OpenRouter-Title',
      'X-OpenRouter-Categories',
    ]);
  });

  it('of OpenAI follows OPENAI_BASE_URL', () => {
    const env = { ...ENV, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/' };
    expect(resolveModel('openai:gpt', {}, env).provider.baseURL).toBe('http://127.0.0.1:9/v1');
  });

  it('of Ollama needs no key', () => {
    expect(resolveModel('ollama:qwen3:8b', {}, {})).toMatchObject({
      provider: { apiKey: '' },
      model: 'qwen3:8b',
    });
  });

  it.each(['', 'gpt', ':gpt', 'openai:'])('that is %j is refused', (id) => {
    expect(() => resolveModel(id, {}, ENV)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }) as Error,
    );
  });

  it.each(['mistral:x', 'constructor:x', '__proto__:x'])('of an unknown provider is refused: %s', (id) => {
    expect(() => resolveModel(id, {}, ENV)).toThrow(
      expect.objectContaining({ code: 'unknown_provider' }) as Error,
    );
  });
});

describe('a provider of the user', () => {
  it('is taken as configured', () => {
    const providers = {
      mine: { baseURL: 'http://h/v1', apiKeyEnv: 'MINE', headers: { a: 'b' }, lenient: true },
    };
    expect(resolveModel('mine:m', providers, { MINE: 'k' }).provider).toEqual({
      name: 'mine',
      baseURL: 'http://h/v1',
      apiKey: 'k',
      headers: { a: 'b' },
      quirks: { lenientEnd: true },
    });
  });

  it('may replace parts of a built-in one', () => {
    const { provider } = resolveModel('openrouter:m', { openrouter: { apiKey: 'own' } }, {});
    expect(provider).toMatchObject({ baseURL: 'https://openrouter.ai/api/v1', apiKey: 'own' });
  });

  it.each([
    [{}, 'invalid_option', 'baseURL'],
    [{ baseURL: 'ftp://h' }, 'invalid_option', 'ftp://h'],
    [{ baseURL: 'localhost:80' }, 'invalid_option', 'localhost:80'],
    [{ baseURL: 'http://h', apiKeyEnv: 'NOT_SET' }, 'missing_key', 'NOT_SET'],
  ])('that is %j is refused', (options, code, word) => {
    expect(() => resolveModel('mine:m', { mine: options }, {})).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(word) as string }) as Error,
    );
  });
});

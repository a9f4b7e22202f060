import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/bench/parse-plan.ts';
import { resolveModel } from '../../src/model/providers.ts';
import { quirksOf } from '../../src/model/quirks.ts';
import { targetModels, type TargetModels } from '../../src/bench/targets.ts';

function models(targets: readonly unknown[], given = {}): TargetModels {
  const plan = readPlan({ name: 't', targets, scenarios: [{ prompt: 'Go.' }] }, 'plan.yaml');
  return targetModels(plan.targets, given);
}

describe('where targets are asked', () => {
  it('is their provider as it is configured', () => {
    const given = { mine: { baseURL: 'http://a/v1' } };
    expect(models(['mine:x', 'ollama:y'], given)).toEqual({
      models: ['mine:x', 'ollama:y'],
      providers: given,
    });
  });

  it('is a base URL of its own, at the provider itself where nobody else is asked there', () => {
    const targets = [
      { model: 'openai:x', baseURL: 'http://a/v1' },
      { name: 'again', model: 'openai:y', baseURL: 'http://a/v1' },
      'ollama:z',
    ];
    expect(models(targets)).toEqual({
      models: ['openai:x', 'openai:y', 'ollama:z'],
      providers: { openai: { baseURL: 'http://a/v1' } },
    });
  });

  it('is a provider of its own where others of the same name are elsewhere', () => {
    const targets = [
      { name: 'a', model: 'gpu:x', baseURL: 'http://a/v1', limits: { startInFlight: 4 } },
      { name: 'b', model: 'gpu:x', baseURL: 'http://b/v1', api: 'responses' },
      { name: 'c', model: 'gpu:x' },
    ];
    const given = { gpu: { baseURL: 'http://c/v1', headers: { a: 'b' } } };
    expect(models(targets, given)).toEqual({
      models: ['gpu-1:x', 'gpu-2:x', 'gpu:x'],
      providers: {
        ...given,
        'gpu-1': { ...given.gpu, baseURL: 'http://a/v1', limits: { startInFlight: 4 } },
        'gpu-2': { ...given.gpu, baseURL: 'http://b/v1', api: 'responses' },
      },
    });
  });

  it('is a built-in provider of another name that is asked as that one is', () => {
    const targets = [
      { name: 'a', model: 'openrouter:x', limits: { requestsPerMinute: 10 } },
      { name: 'b', model: 'ollama:y', baseURL: 'http://b/v1' },
      'openrouter:x',
      'ollama:y',
    ];
    const of = models(targets);
    const env = { OPENROUTER_API_KEY: 'sk-test' };
    const [a, b, ...named] = of.models.map((model) => resolveModel(model, of.providers, env).provider);
    const [openrouter, ollama] = named;
    expect(a).toEqual({ ...openrouter, name: 'openrouter-1', quirks: {} });
    expect(quirksOf(b!, 'y')).toEqual(quirksOf(ollama!, 'y'));
    expect(quirksOf(b!, 'y').parallelToolCalls).toBe(false);
  });

  it('keeps the variable that the key of the provider is in', () => {
    process.env['GPU_API_KEY'] = 'sk-test';
    try {
      const targets = [{ name: 'a', model: 'gpu:x', baseURL: 'http://a/v1' }, 'gpu:x'];
      expect(models(targets).providers['gpu-1']).toEqual({
        apiKeyEnv: 'GPU_API_KEY',
        baseURL: 'http://a/v1',
      });
    } finally {
      delete process.env['GPU_API_KEY'];
    }
  });
});

import type { ProviderOptions } from '../model/model.ts';
import type { BenchTarget } from './plan.ts';

/** Where the targets of a plan are asked. */
export interface TargetModels {
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** `provider:name` of each target, as the pool takes it. */
  readonly models: readonly string[];
}

/**
 * Gives a target with a base URL of its own a provider of its own, unless all targets of its provider have the same: then
 * the provider is there, with the key that it always has.
 * @param given  the providers that are configured
 */
export function targetModels(
  targets: readonly BenchTarget[],
  given: Readonly<Record<string, ProviderOptions>>,
): TargetModels {
  const providers = { ...given };
  const models = targets.map((target, i) => {
    const { model, baseURL, api } = target;
    if (baseURL === null && api === null) return model;
    const provider = model.slice(0, model.indexOf(':'));
    const place = { ...(baseURL === null ? {} : { baseURL }), ...(api === null ? {} : { api }) };
    const isShared = targets
      .filter((other) => other.model.startsWith(`${provider}:`))
      .every((other) => other.baseURL === baseURL && other.api === api);
    if (isShared) {
      providers[provider] = { ...given[provider], ...place };
      return model;
    }
    const own = `${provider}-${i + 1}`;
    providers[own] = { ...keyOf(provider), ...given[provider], ...place };
    return `${own}:${model.slice(provider.length + 1)}`;
  });
  return { providers, models };
}

/** The key of the provider that it is named for, if there is one. */
function keyOf(provider: string): { readonly apiKeyEnv?: string } {
  const apiKeyEnv = `${provider.toUpperCase().replaceAll('-', '_')}_API_KEY`;
  return process.env[apiKeyEnv] ? { apiKeyEnv } : {};
}

import { isDeepStrictEqual } from 'node:util';
import type { ProviderOptions } from '../model/model.ts';
import { builtInOptions } from '../model/providers.ts';
import type { BenchTarget } from './plan.ts';

/** Where the targets of a plan are asked. */
export interface TargetModels {
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** `provider:name` of each target, as the pool takes it. */
  readonly models: readonly string[];
}

/**
 * Gives a target with a base URL, protocol or limits of its own a provider of its own, unless all targets of its provider
 * have the same: then the provider has them, with the key that it always has.
 * @param given  the providers that are configured
 */
export function targetModels(
  targets: readonly BenchTarget[],
  given: Readonly<Record<string, ProviderOptions>>,
): TargetModels {
  const providers = { ...given };
  const models = targets.map((target, i) => {
    const { model } = target;
    const own = ownOptions(target);
    if (Object.keys(own).length === 0) return model;
    const provider = providerOf(target);
    const isShared = targets
      .filter((other) => providerOf(other) === provider)
      .every((other) => isDeepStrictEqual(ownOptions(other), own));
    const name = isShared ? provider : `${provider}-${i + 1}`;
    const named = isShared ? {} : asNamed(provider);
    const quirks = { ...named.quirks, ...given[provider]?.quirks };
    const hasQuirks = Object.keys(quirks).length > 0;
    providers[name] = { ...named, ...given[provider], ...own, ...(hasQuirks ? { quirks } : {}) };
    return `${name}:${model.slice(provider.length + 1)}`;
  });
  return { providers, models };
}

function providerOf({ model }: BenchTarget): string {
  return model.slice(0, model.indexOf(':'));
}

function ownOptions({ baseURL, api, limits }: BenchTarget): ProviderOptions {
  return {
    ...(baseURL === null ? {} : { baseURL }),
    ...(api === null ? {} : { api }),
    ...(limits === null ? {} : { limits }),
  };
}

/** What an entry of another name lacks to be asked as this provider is: what is built in, and the key, if there is one. */
function asNamed(provider: string): ProviderOptions {
  return { ...keyOf(provider), ...builtInOptions(provider, process.env) };
}

function keyOf(provider: string): { readonly apiKeyEnv?: string } {
  const apiKeyEnv = `${provider.toUpperCase().replaceAll('-', '_')}_API_KEY`;
  return process.env[apiKeyEnv] ? { apiKeyEnv } : {};
}

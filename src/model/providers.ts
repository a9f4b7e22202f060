import { InvalidOptionError, MissingKeyError, UnknownProviderError } from '../errors.ts';
import type { ProviderOptions, ResolvedProvider } from './model.ts';
import { quirksByName, type Quirks } from './quirks.ts';
import { replayProvider } from './recording/replay-provider.ts';

interface BuiltIn extends ProviderOptions {
  readonly baseURL: string;
  /** Environment variable that may name another base URL. */
  readonly baseURLEnv?: string;
}

/** Base URLs, variables and attribution headers as the providers document them. */
const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  openrouter: {
    baseURL: 'https://openrouter.ai/api/v1',
    apiKeyEnv: 'OPENROUTER_API_KEY',
    headers: {
      'HTTP-Referer': 'https://www.npmjs.com/package/skein',
      'X-OpenRouter-Title': 'skein',
      'X-OpenRouter-Categories': 'cli-agent',
    },
  },
  openai: {
    baseURL: 'https://api.openai.com/v1',
    baseURLEnv: 'OPENAI_BASE_URL',
    apiKeyEnv: 'OPENAI_API_KEY',
  },
  ollama: { baseURL: 'http://localhost:11434/v1' },
};

export const BUILT_IN_PROVIDERS: readonly string[] = Object.keys(BUILT_IN);

/** What an entry of another name says so that it is asked as the built-in provider is; nothing where there is none of the name. */
export function builtInOptions(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): ProviderOptions {
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (!builtIn) return {};
  const { baseURLEnv: _, ...options } = builtIn;
  return { ...options, baseURL: baseURLOf(name, undefined, builtIn, env), quirks: quirksByName(name) };
}

/**
 * The provider and the provider's own model name behind `provider:name`. The name may hold colons and slashes. Entries
 * of `providers` add to the built-in ones or override parts of them.
 * @throws {UnknownProviderError} {@link MissingKeyError} {@link InvalidOptionError}; {@link RecordingError} for a replay
 */
export function resolveModel(
  modelId: string,
  providers: Readonly<Record<string, ProviderOptions>>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly provider: ResolvedProvider; readonly model: string } {
  const colon = modelId.indexOf(':');
  const name = modelId.slice(0, Math.max(0, colon));
  const model = modelId.slice(colon + 1);
  if (name === '' || model === '') {
    throw new InvalidOptionError({
      option: 'model',
      problem: `expected provider:name, but was given "${modelId}"`,
      hint: 'For example openrouter:anthropic/claude-sonnet-4.5.',
    });
  }
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  const own = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (!builtIn && !own) {
    const known = [...new Set([...BUILT_IN_PROVIDERS, ...Object.keys(providers)])];
    throw new UnknownProviderError({ model: modelId, provider: name, known });
  }
  if (own?.replay !== undefined) return { provider: replayed(name, own), model };
  const provider = {
    name,
    baseURL: baseURLOf(name, own, builtIn, env),
    apiKey: keyOf(name, own, builtIn, env),
    headers: { ...builtIn?.headers, ...own?.headers },
    quirks: quirksSet(own),
    ...(own?.traceHeaders ? { traceHeaders: true } : {}),
  };
  return { provider, model };
}

/** @throws {InvalidOptionError} when the entry says more: the rest is as it was recorded */
function replayed(name: string, { replay = '', replayTiming, ...rest }: ProviderOptions): ResolvedProvider {
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) {
    throw new InvalidOptionError({
      option: `providers.${name}.${extra}`,
      problem: 'does not go with replay: a replayed provider is as it was recorded',
    });
  }
  return replayProvider(name, { replay, replayTiming });
}

function quirksSet(own: ProviderOptions | undefined): Partial<Quirks> {
  return {
    ...(own?.lenient !== undefined && { lenientEnd: own.lenient }),
    ...own?.quirks,
    ...(own?.api !== undefined && { api: own.api }),
  };
}

function baseURLOf(
  name: string,
  own: ProviderOptions | undefined,
  builtIn: BuiltIn | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const fromEnv = builtIn?.baseURLEnv === undefined ? undefined : env[builtIn.baseURLEnv] || undefined;
  const baseURL = own?.baseURL ?? fromEnv ?? builtIn?.baseURL;
  const option = `providers.${name}.baseURL`;
  if (baseURL === undefined) throw new InvalidOptionError({ option, problem: 'is missing' });
  if (!URL.canParse(baseURL) || !/^https?:$/.test(new URL(baseURL).protocol)) {
    throw new InvalidOptionError({
      option,
      problem: `expected an http or https URL, but was given "${baseURL}"`,
    });
  }
  return baseURL.replace(/\/+$/, '');
}

/** '' when the provider needs none. */
function keyOf(
  name: string,
  own: ProviderOptions | undefined,
  builtIn: BuiltIn | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (own?.apiKey !== undefined) return own.apiKey;
  const variable = own?.apiKeyEnv ?? builtIn?.apiKeyEnv;
  if (variable === undefined) return '';
  const key = env[variable];
  if (!key) throw new MissingKeyError({ provider: name, variable });
  return key;
}

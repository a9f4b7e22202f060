import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { ProviderOptions } from '../model/model.ts';
import { startScriptedModel } from '../model/scripted/server.ts';
import { DEFAULT_MODEL } from '../pool/assemble.ts';

export interface ChosenModel extends AsyncDisposable {
  /** `provider:name`, as the pool takes it. */
  readonly model: string;
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** No language model answers. */
  readonly scripted: boolean;
}

const SCRIPTED = 'scripted:';

/**
 * The model that a command names. `scripted:script.yaml` starts the scripted model in this process, on a free port of
 * the loopback interface, until it is disposed of.
 * @param options.providers  `name=baseURL` each; a key is taken from the variable `NAME_API_KEY`, where it is set
 * @param options.from  directory that a script's relative path starts at
 * @throws {UsageError} and what the script's reader throws
 */
export async function chooseModel(options: {
  readonly model: string | undefined;
  readonly providers: readonly string[];
  readonly from: string;
}): Promise<ChosenModel> {
  const model = options.model ?? DEFAULT_MODEL;
  const providers = Object.fromEntries(options.providers.map(parseProvider));
  const isNamed = Object.hasOwn(providers, 'scripted');
  if (!model.startsWith(SCRIPTED) || isNamed) {
    return {
      model,
      providers,
      scripted: model.startsWith(SCRIPTED),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const script = model.slice(SCRIPTED.length);
  if (script === '')
    throw new UsageError('usage', 'Model "scripted:" names no script; give scripted:script.yaml.');
  const server = await startScriptedModel(resolve(options.from, script));
  return {
    model,
    providers: { ...providers, scripted: { baseURL: server.baseURL } },
    scripted: true,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function parseProvider(given: string): [string, ProviderOptions] {
  const [, name, baseURL] = /^([A-Za-z][\w-]*)=(\S+)$/.exec(given) ?? [];
  if (name === undefined || baseURL === undefined) {
    throw new UsageError('usage', `Option --provider: expected name=baseURL, but was given "${given}".`);
  }
  const variable = `${name.toUpperCase().replaceAll('-', '_')}_API_KEY`;
  return [name, process.env[variable] ? { baseURL, apiKeyEnv: variable } : { baseURL }];
}

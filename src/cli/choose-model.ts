import { resolve } from 'node:path';
import { RecordingError, UsageError } from '../errors.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { ProviderOptions } from '../model/model.ts';
import { BUILT_IN_PROVIDERS } from '../model/providers.ts';
import type { Simulation } from '../model/simulation/simulation.ts';
import { DEFAULT_MODEL } from '../pool/assemble.ts';
import { printableLine } from './printable.ts';

export interface ChosenModel extends AsyncDisposable {
  /** `provider:name`, as the pool takes it. */
  readonly model: string;
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** No language model answers. */
  readonly scripted: boolean;
  /** The recording that answers; null when somebody is asked. */
  readonly replayed: string | null;
  /** What answers instead of the model's provider; null when that, or a script, is asked itself. */
  readonly simulation: Simulation | null;
  /** What the simulation's profile says that models cost. */
  readonly prices: PriceTable;
}

const ASKED_ITSELF = { replayed: null, simulation: null, prices: {} } as const;

const SCRIPTED = 'scripted:';
const REPLAY = 'replay:';

/**
 * The model that a command names. `scripted:script.yaml` starts the scripted model in this process, on a free port of
 * the loopback interface, until it is disposed of. `replay:DIR` is the model of a recording, and whoever could be asked is
 * replayed from there.
 * @param options.providers  see {@link parseProvider}; a key is taken from the variable `NAME_API_KEY`, where it is set
 * @param options.from  directory that the relative path of a script or a recording starts at
 * @param options.simulate  a profile, by which a server in this process answers instead of every provider; the script of
 *   `scripted:script.yaml` is then what is answered
 * @throws {UsageError} and what the readers of scripts and recordings throw
 */
export async function chooseModel(options: {
  readonly model: string | undefined;
  readonly providers: readonly string[];
  readonly from: string;
  readonly simulate?: string | undefined;
}): Promise<ChosenModel> {
  const model = options.model ?? DEFAULT_MODEL;
  const parsed = options.providers.map(parseProvider);
  const providers = Object.fromEntries(parsed);
  const twice = parsed.find(([name], index) => parsed.findLastIndex(([other]) => other === name) > index);
  if (twice) throw new UsageError('usage', `Option --provider: "${twice[0]}" is given twice.`);
  if (options.simulate !== undefined)
    return simulatedModel(model, providers, { from: options.from, simulate: options.simulate });
  if (model.startsWith(REPLAY) && !Object.hasOwn(providers, 'replay')) {
    return await replayedModel(model.slice(REPLAY.length), Object.keys(providers), options.from);
  }
  const isNamed = Object.hasOwn(providers, 'scripted');
  if (!model.startsWith(SCRIPTED) || isNamed) {
    return {
      model,
      providers,
      scripted: model.startsWith(SCRIPTED),
      ...ASKED_ITSELF,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const { startScriptedModel } = await import('../model/scripted/server.ts');
  const server = await startScriptedModel(scriptOf(model, options.from));
  return {
    model,
    providers: { ...providers, scripted: { baseURL: server.baseURL } },
    scripted: true,
    ...ASKED_ITSELF,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** The script's path in `scripted:script.yaml`. */
function scriptOf(model: string, from: string): string {
  const script = model.slice(SCRIPTED.length);
  if (script === '')
    throw new UsageError('usage', 'Model "scripted:" names no script; give scripted:script.yaml.');
  return resolve(from, script);
}

/** A simulation of the model's provider; the script that it names is what is answered. */
async function simulatedModel(
  model: string,
  named: Readonly<Record<string, ProviderOptions>>,
  { from, simulate }: { readonly from: string; readonly simulate: string },
): Promise<ChosenModel> {
  if (model.startsWith(REPLAY) && !Object.hasOwn(named, 'replay'))
    throw new UsageError(
      'usage',
      `Option --simulate: ${model} is a recording, which is answered as it was; name the model that is to be simulated.`,
    );
  const { readProfile } = await import('../model/simulation/read-profile.ts');
  const { readScript } = await import('../model/scripted/read-script.ts');
  const { simulateProviders } = await import('./simulated-providers.ts');
  const profile = await readProfile(simulate);
  const isScript = model.startsWith(SCRIPTED) && !Object.hasOwn(named, 'scripted');
  if (isScript && profile.script)
    throw new UsageError(
      'usage',
      `Option --simulate: profile ${simulate} has answers of its own, and so has ${model}; name the model that is to be simulated with --model, or leave the answers out of the profile.`,
    );
  const answers = isScript ? await readScript(scriptOf(model, from)) : undefined;
  const all = isScript ? { ...named, scripted: {} } : named;
  const { simulation, providers, prices } = await simulateProviders(profile, all, answers);
  return {
    model,
    providers,
    scripted: model.startsWith(SCRIPTED),
    replayed: null,
    simulation,
    prices,
    [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose](),
  };
}

/** What a command says of a replay. */
export function replayRemark(directory: string): string {
  return `skein: replaying ${printableLine(directory)}; no model is asked`;
}

async function replayedModel(given: string, named: readonly string[], from: string): Promise<ChosenModel> {
  if (given === '') throw new UsageError('usage', 'Model "replay:" names no recording; give replay:DIR.');
  const { readRecording } = await import('../model/recording/read-recording.ts');
  const { directory, models, providers } = readRecording(resolve(from, given));
  const model = models[0];
  if (model === undefined) {
    throw new RecordingError('recording_damaged', { directory, problem: 'no session of it named a model' });
  }
  // Those that are not in the recording too: a replay asks nobody.
  const others = [...BUILT_IN_PROVIDERS, ...named].map((name) => [name, { replay: directory }]);
  return {
    model,
    providers: { ...Object.fromEntries(others), ...providers },
    scripted: model.startsWith(SCRIPTED),
    replayed: directory,
    simulation: null,
    prices: {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** `name=baseURL`, `name=baseURL,api=responses,lenientEnd=true` or, of a provider that is known, `name,api=responses`. */
export function parseProvider(given: string): [string, ProviderOptions] {
  const [, name, baseURL, more = ''] =
    /^([A-Za-z][\w-]*)(?:=([^\s,]\S*?))?((?:,\w+=[^\s,]*)*)$/.exec(given) ?? [];
  if (name === undefined || (baseURL === undefined && more === '')) {
    throw new UsageError(
      'usage',
      `Option --provider: expected name=baseURL, but was given "${given}". Options follow: name=baseURL,api=responses.`,
    );
  }
  const variable = `${name.toUpperCase().replaceAll('-', '_')}_API_KEY`;
  // What they may be, the pool checks.
  const { api, ...quirks } = Object.fromEntries(more.split(',').slice(1).map(parseQuirk));
  const options = {
    ...(baseURL !== undefined && { baseURL }),
    ...(process.env[variable] && { apiKeyEnv: variable }),
    ...(api !== undefined && { api }),
    ...(Object.keys(quirks).length > 0 && { quirks }),
  };
  return [name, options as ProviderOptions];
}

function parseQuirk(given: string): [string, string | boolean] {
  const at = given.indexOf('=');
  const value = given.slice(at + 1);
  return [given.slice(0, at), value === 'true' || (value === 'false' ? false : value)];
}

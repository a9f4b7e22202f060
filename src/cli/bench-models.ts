import { resolve } from 'node:path';
import type { BenchTarget } from '../bench/plan.ts';
import type { BenchSimulation } from '../bench/result.ts';
import { UsageError } from '../errors.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { ProviderOptions } from '../model/model.ts';
import { readScript } from '../model/scripted/read-script.ts';
import { startScriptedModel } from '../model/scripted/server.ts';
import { readProfile, type NamedProfile } from '../model/simulation/read-profile.ts';
import { startSimulation } from '../model/simulation/simulation.ts';
import { parseProvider } from './choose-model.ts';
import { simulateProviders } from './simulated-providers.ts';

/** Who answers the targets of a benchmark. Disposing of it closes what was started. */
export interface BenchModels extends AsyncDisposable {
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** Where those targets are that were started for this run, by name. */
  readonly baseURLs: ReadonlyMap<string, string>;
  /** What a simulation's profile says that models cost. */
  readonly prices: PriceTable;
  /** Undefined where nothing is simulated. */
  readonly simulated: BenchSimulation | undefined;
}

const SCRIPTED = 'scripted:';

/**
 * Starts a scripted model for each script that targets name, in this process; with a profile, simulated providers instead of
 * all others too.
 * @param options.providers  see `chooseModel`
 * @param options.from  directory that the relative path of a script starts at
 * @param options.simulate  as the command line names it; its speed counts as 1, since a benchmark measures real time
 * @throws {UsageError} and what the readers of scripts and profiles throw
 */
export async function startBenchModels(options: {
  readonly targets: readonly BenchTarget[];
  readonly providers: readonly string[];
  readonly from: string;
  readonly simulate?: string | undefined;
}): Promise<BenchModels> {
  const { targets, from, simulate } = options;
  const named = Object.fromEntries(options.providers.map(parseProvider));
  const profile = simulate === undefined ? undefined : inRealTime(await readProfile(simulate));
  const places = new Map(targets.map((target) => [target, placeOf(target, named, from)]));
  const servers = new Map<string, Server>();
  const baseURLs = new Map<string, string>();
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.close()));
  };
  try {
    for (const [{ name, model }, place] of places) {
      if (!place || (!profile && place.kind === 'url')) continue;
      if (profile?.script && place.kind === 'script')
        throw new UsageError(
          'usage',
          `Option --simulate: profile ${simulate} has answers of its own, and so has ${model}; name the model that is to be simulated, or leave the answers out of the profile.`,
        );
      const server = servers.get(place.at) ?? (await start(place, profile));
      servers.set(place.at, server);
      baseURLs.set(name, server.baseURL);
    }
    const rest = { baseURLs, [Symbol.asyncDispose]: close };
    if (!profile) return { providers: named, prices: {}, simulated: undefined, ...rest };
    // Only targets with a place of their own may name a provider that nobody knows.
    const placed = targets.filter((target) => places.get(target)).map(({ model }) => [providerOf(model), {}]);
    const { simulation, providers, prices } = await simulateProviders(profile, {
      ...Object.fromEntries(placed),
      ...named,
    });
    servers.set('', simulation);
    return { providers, prices, simulated: { name: profile.name, profile: profile.profile }, ...rest };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Server {
  readonly baseURL: string;
  close(): Promise<void>;
}

/** What a target names beside a provider's usual place: a script's file, or a base URL. */
interface Place {
  readonly kind: 'script' | 'url';
  readonly at: string;
}

function placeOf(
  { model, baseURL }: BenchTarget,
  named: Readonly<Record<string, ProviderOptions>>,
  from: string,
): Place | undefined {
  if (baseURL !== null) return { kind: 'url', at: baseURL };
  if (!model.startsWith(SCRIPTED) || Object.hasOwn(named, 'scripted')) return undefined;
  const script = model.slice(SCRIPTED.length);
  if (script === '')
    throw new UsageError('usage', 'Model "scripted:" names no script; give scripted:script.yaml.');
  return { kind: 'script', at: resolve(from, script) };
}

/** @param profile  undefined: the script itself answers */
async function start({ kind, at }: Place, profile: NamedProfile | undefined): Promise<Server> {
  if (!profile) return startScriptedModel(at);
  return startSimulation(profile, kind === 'script' ? await readScript(at) : undefined);
}

function inRealTime(named: NamedProfile): NamedProfile {
  return { ...named, profile: { ...named.profile, speed: 1 } };
}

function providerOf(model: string): string {
  return model.slice(0, model.indexOf(':'));
}

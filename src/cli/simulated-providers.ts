import type { PriceTable } from '../gate/prices.ts';
import type { ProviderOptions } from '../model/model.ts';
import { BUILT_IN_PROVIDERS } from '../model/providers.ts';
import type { ScriptedModelScript } from '../model/scripted/script.ts';
import type { SimulationProfile } from '../model/simulation/profile.ts';
import type { NamedProfile } from '../model/simulation/read-profile.ts';
import { startSimulation, type Simulation } from '../model/simulation/simulation.ts';
import { printableLine } from './printable.ts';

/** A simulation, and what a pool is told so that it asks nobody else. */
export interface SimulatedProviders {
  readonly simulation: Simulation;
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** What the profile says that models cost: by provider, so that what is said of one goes before it. */
  readonly prices: PriceTable;
}

/** In texts it would be redacted, as any key: nobody writes this. */
const NO_KEY = 'skein-simulation-has-no-key';

/**
 * Starts a simulation in place of every provider that could be asked: nothing is sent anywhere, and no key is needed.
 * @param named  providers of the command; their protocol and quirks stay, their address and key do not
 * @param answers  what is answered where the profile does not say
 */
export async function simulateProviders(
  profile: NamedProfile,
  named: Readonly<Record<string, ProviderOptions>>,
  answers?: ScriptedModelScript,
): Promise<SimulatedProviders> {
  const simulation = await startSimulation(profile, answers);
  const names = [...new Set([...BUILT_IN_PROVIDERS, ...Object.keys(named)])];
  const price = priceOf(profile.profile);
  return {
    simulation,
    providers: Object.fromEntries(
      names.map((name) => {
        const { apiKeyEnv: _, ...own } = named[name] ?? {};
        // A key of its own is an account, and an allowance, of its own.
        return [name, { ...own, baseURL: simulation.baseURL, apiKey: `${NO_KEY}-${name}` }];
      }),
    ),
    prices: price ? Object.fromEntries(names.map((name) => [`${name}:*`, price])) : {},
  };
}

/** What a command says of a simulation. */
export function simulationRemark({ name, speed }: Simulation): string {
  const pace = speed === 1 ? '' : `, ${speed} simulated minutes in one real minute`;
  return `skein: simulated with the profile ${printableLine(name)}${pace}; no language model is asked, and nothing is paid`;
}

function priceOf({ prices }: SimulationProfile): PriceTable[string] | undefined {
  if (!prices) return undefined;
  const { input, output, cachedInput, cacheWrite } = prices;
  return {
    inputPerMillion: input,
    outputPerMillion: output,
    ...(cachedInput !== undefined && { cachedInputPerMillion: cachedInput }),
    ...(cacheWrite !== undefined && { cacheWritePerMillion: cacheWrite }),
  };
}

import { startScriptedModel } from '../scripted/server.ts';
import type { ScriptedModelScript } from '../scripted/script.ts';
import type { ScriptedModelStats } from '../scripted/server-stats.ts';
import { effectiveScript } from './effective-script.ts';
import { madeUpRule } from './made-up-answers.ts';
import type { SimulationProfile } from './profile.ts';
import type { NamedProfile } from './read-profile.ts';

/** A provider that is simulated, on a server of this process. It is asked under whatever model names there are. */
export interface Simulation extends AsyncDisposable {
  readonly name: string;
  readonly profile: SimulationProfile;
  /** Simulated time for real time. */
  readonly speed: number;
  readonly baseURL: string;
  /** Of the requests that it was sent. */
  readonly stats: ScriptedModelStats;
  /** The first minute begins: the one that the profile's faults count from. Until it is called, that was the server's start. */
  begin(): void;
  /** Ends every connection, answered or not. */
  close(): Promise<void>;
}

/**
 * @param answers  what is answered, for a profile that does not say; else it is made up
 * @throws {ConfigFileError} `invalid_script`
 */
export async function startSimulation(
  { name, profile, script }: NamedProfile,
  answers?: ScriptedModelScript,
): Promise<Simulation> {
  const { speed = 1, seed = 1 } = profile;
  const given = typeof profile.answers === 'object' ? profile.answers : {};
  const server = await startScriptedModel(
    effectiveScript(profile, script ?? answers ?? { rules: [madeUpRule(given, seed)] }),
  );
  return {
    name,
    profile,
    speed,
    baseURL: server.baseURL,
    get stats() {
      return server.stats;
    },
    begin: () => server.startStorm(),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

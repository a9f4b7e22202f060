import { resolve } from 'node:path';
import type { BenchTarget } from '../bench/plan.ts';
import { UsageError } from '../errors.ts';
import type { ProviderOptions } from '../model/model.ts';
import { startScriptedModel, type ScriptedModelServer } from '../model/scripted/server.ts';
import { parseProvider } from './choose-model.ts';

/** Who answers the targets of a benchmark. Disposing of it closes what was started. */
export interface BenchModels extends AsyncDisposable {
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** Where those targets are that were started for this run, by name. */
  readonly baseURLs: ReadonlyMap<string, string>;
}

const SCRIPTED = 'scripted:';

/**
 * Starts a scripted model for each script that targets name, in this process.
 * @param options.providers  see `chooseModel`
 * @param options.from  directory that the relative path of a script starts at
 * @throws {UsageError} and what the reader of scripts throws
 */
export async function startBenchModels(options: {
  readonly targets: readonly BenchTarget[];
  readonly providers: readonly string[];
  readonly from: string;
}): Promise<BenchModels> {
  const providers = Object.fromEntries(options.providers.map(parseProvider));
  const servers = new Map<string, ScriptedModelServer>();
  const baseURLs = new Map<string, string>();
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.close()));
  };
  try {
    for (const { name, model, baseURL } of options.targets) {
      if (!model.startsWith(SCRIPTED) || baseURL !== null || Object.hasOwn(providers, 'scripted')) continue;
      const script = model.slice(SCRIPTED.length);
      if (script === '')
        throw new UsageError('usage', 'Model "scripted:" names no script; give scripted:script.yaml.');
      const file = resolve(options.from, script);
      const server = servers.get(file) ?? (await startScriptedModel(file));
      servers.set(file, server);
      baseURLs.set(name, server.baseURL);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { providers, baseURLs, [Symbol.asyncDispose]: close };
}

import { handTools, type Toolbox } from './hand-tools.ts';
import { openaiLoop } from './openai-loop.ts';
import { skeinLoop } from './skein-loop.ts';
import { undiciLoop } from './undici-loop.ts';
import type { Contestant } from './workload.ts';

/** One of those here, or the URL of a {@link ContestantModule}. */
export type ContestantName =
  'skein' | 'skein-told' | 'skein-process' | 'openai' | 'undici' | `file:${string}`;

/** A contestant with dependencies of its own, built elsewhere. */
export interface ContestantModule {
  openContestant(options: {
    readonly baseURL: string;
    readonly toolbox: Toolbox;
  }): Contestant | Promise<Contestant>;
}

/** @param tools  names of skein's tools that are offered in every conversation */
export async function openContestant(
  name: ContestantName,
  baseURL: string,
  tools: readonly string[] = ['coding-agent'],
): Promise<Contestant> {
  switch (name) {
    case 'skein':
      return skeinLoop(baseURL, tools);
    case 'skein-told':
      return skeinLoop(baseURL, tools, {}, { startInFlight: 256 });
    case 'skein-process':
      return skeinLoop(baseURL, tools, { isolation: 'process' });
    case 'openai':
      return openaiLoop(baseURL, handTools(tools));
    case 'undici':
      return undiciLoop(baseURL, handTools(tools));
    default: {
      const module = (await import(name)) as ContestantModule;
      return module.openContestant({ baseURL, toolbox: handTools(tools) });
    }
  }
}

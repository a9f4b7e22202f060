import { once } from 'node:events';
import type { ScriptedModelScript } from '../../../src/model/scripted/script.ts';
import type { ScriptedModelStats } from '../../../src/model/scripted/server-stats.ts';
import { startClient } from '../shared/client-process.ts';

/** Is answered with the figures. A number of milliseconds: the storm is so long after its beginning now. */
export type ModelRequest = 'stats' | number;

/** The scripted model in a process of its own: its work is not the pool's. */
export interface ModelProcess {
  readonly baseURL: string;
  stats(): Promise<ScriptedModelStats>;
  startStorm(atMs: number): Promise<void>;
  stop(): void;
}

export async function startModel(harnessUrl: string, script: ScriptedModelScript): Promise<ModelProcess> {
  const { child, hello } = await startClient(harnessUrl, 'storm-model', [JSON.stringify(script)]);
  const { baseURL } = hello as { baseURL: string };
  const ask = async (request: ModelRequest): Promise<ScriptedModelStats> => {
    const answer = once(child, 'message');
    child.send(request);
    const [stats] = (await answer) as [ScriptedModelStats];
    return { ...stats, conversations: new Map(stats.conversations) };
  };
  return {
    baseURL,
    stats: () => ask('stats'),
    startStorm: async (atMs) => void (await ask(atMs)),
    stop: () => child.disconnect(),
  };
}

import { openaiLoop } from './openai-loop.ts';
import { skeinLoop } from './skein-loop.ts';
import { undiciLoop } from './undici-loop.ts';
import type { Contestant } from './workload.ts';

export type ContestantName = 'skein' | 'openai' | 'undici';

export async function openContestant(name: ContestantName, baseURL: string): Promise<Contestant> {
  switch (name) {
    case 'skein':
      return skeinLoop(baseURL);
    case 'openai':
      return openaiLoop(baseURL);
    case 'undici':
      return undiciLoop(baseURL);
  }
}

import type { ContestantName } from '../support/contestants.ts';

/** A column of the table. */
export interface Entrant {
  readonly name: string;
  readonly contestant: ContestantName;
  /** Packages whose versions belong to its figures, as this folder has them installed, or the project itself. */
  readonly packages: readonly string[];
}

export const SKEIN: Entrant = { name: 'skein', contestant: 'skein', packages: [] };
/** Takes part where it is about what one session does to the others. */
export const SKEIN_IN_PROCESSES: Entrant = {
  name: "skein, isolation: 'process'",
  contestant: 'skein-process',
  packages: [],
};
export const OPENAI_LOOP: Entrant = { name: 'openai loop', contestant: 'openai', packages: [] };
export const UNDICI_LOOP: Entrant = { name: 'undici loop', contestant: 'undici', packages: [] };

/** Agent frameworks: each has an adapter of its name. */
export const FRAMEWORKS: readonly Entrant[] = [
  framework('AI SDK', 'ai-sdk', ['ai', '@ai-sdk/openai-compatible']),
  framework('OpenAI Agents', 'openai-agents', ['@openai/agents', 'openai']),
  framework('pi', 'pi', ['@earendil-works/pi-agent-core', '@earendil-works/pi-ai']),
  framework('LangGraph', 'langgraph', ['@langchain/langgraph', '@langchain/core', '@langchain/openai']),
];

export const ENTRANTS: readonly Entrant[] = [SKEIN, OPENAI_LOOP, UNDICI_LOOP, ...FRAMEWORKS];

function framework(name: string, adapter: string, packages: readonly string[]): Entrant {
  const url = new URL(`../../bench/peers/dist/${adapter}.js`, import.meta.url);
  return { name, contestant: url.href as `file:${string}`, packages };
}

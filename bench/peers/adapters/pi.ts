import { Agent, type AgentTool } from '@earendil-works/pi-agent-core';
import type { Model } from '@earendil-works/pi-ai';
import { streamSimple } from '@earendil-works/pi-ai/api/openai-completions';
import type { ContestantModule } from '../../support/contestants.ts';
import type { Files, HandTool, ToolInput } from '../../support/hand-tools.ts';
import { PROMPT } from '../../support/workload.ts';

/** pi's agent core on its own Chat Completions client; a session is its `Agent`. */
export const openContestant: ContestantModule['openContestant'] = ({ baseURL, toolbox }) => ({
  start({ model, files, extraTool }) {
    const own: Files = new Map(Object.entries(files));
    const agent = new Agent({
      initialState: {
        model: modelOf(model, baseURL),
        tools: toolbox(extraTool).map((tool) => toTool(tool, own)),
      },
      streamFn: (asked, context, options) =>
        streamSimple(asked as Model<'openai-completions'>, context, { ...options, apiKey: 'bench' }),
      toolExecution: 'sequential',
    });
    let reply = '';
    let onText: ((text: string) => void) | undefined;
    agent.subscribe((event) => {
      if (event.type === 'message_update') {
        if (event.assistantMessageEvent.type === 'text_delta') onText?.(event.assistantMessageEvent.delta);
      } else if (event.type === 'message_end' && event.message.role === 'assistant') {
        reply = event.message.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      }
    });
    return Promise.resolve({
      async prompt(listener) {
        onText = listener;
        await agent.prompt(PROMPT);
        if (agent.state.errorMessage !== undefined) throw new Error(agent.state.errorMessage);
        return { reply, read: (path) => own.get(path) };
      },
      close: () => Promise.resolve(),
    });
  },
  close: () => Promise.resolve(),
});

function modelOf(id: string, baseUrl: string): Model<'openai-completions'> {
  return {
    id,
    name: id,
    api: 'openai-completions',
    provider: 'bench',
    baseUrl,
    reasoning: false,
    input: ['text'],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow: 128_000,
    maxTokens: 16_384,
  };
}

function toTool({ name, description, parameters, run }: HandTool, files: Files): AgentTool {
  return {
    name,
    label: name,
    description,
    parameters: parameters as AgentTool['parameters'],
    execute: async (_id, input) => ({
      content: [{ type: 'text', text: await run(input as ToolInput, files) }],
      details: undefined,
    }),
  };
}

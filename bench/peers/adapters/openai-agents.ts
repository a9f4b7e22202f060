import {
  Agent,
  OpenAIChatCompletionsModel,
  Runner,
  tool,
  type AgentInputItem,
  type RunContext,
} from '@openai/agents';
import { OpenAI } from 'openai';
import type { ContestantModule } from '../../support/contestants.ts';
import type { Files, HandTool, ToolInput } from '../../support/hand-tools.ts';
import { MODEL_CALLS, PROMPT, type ExtraTool } from '../../support/workload.ts';

interface Context {
  readonly files: Files;
}

/** OpenAI Agents: one runner, one agent for all conversations, their files in the run's context; tracing is off. */
export const openContestant: ContestantModule['openContestant'] = ({ baseURL, toolbox }) => {
  const client = new OpenAI({ baseURL, apiKey: 'bench' });
  const runner = new Runner({ tracingDisabled: true });
  const agents = new Map<string, Agent<Context>>();

  function agentOf(model: string, extraTool: ExtraTool | undefined): Agent<Context> {
    let agent = agents.get(model);
    if (!agent) {
      agent = new Agent<Context>({
        name: 'bench',
        model: new OpenAIChatCompletionsModel(client, model),
        tools: toolbox(extraTool).map(toTool),
      });
      agents.set(model, agent);
    }
    return agent;
  }

  return {
    start({ model, files, extraTool }) {
      const agent = agentOf(model, extraTool);
      const context: Context = { files: new Map(Object.entries(files)) };
      let history: AgentInputItem[] = [];
      return Promise.resolve({
        async prompt(onText) {
          const input: AgentInputItem[] = [...history, { role: 'user', content: PROMPT }];
          const result = await runner.run(agent, input, { stream: true, context, maxTurns: MODEL_CALLS + 1 });
          for await (const event of result) {
            if (
              onText &&
              event.type === 'raw_model_stream_event' &&
              event.data.type === 'output_text_delta'
            ) {
              onText(event.data.delta);
            }
          }
          await result.completed;
          if (result.error) throw result.error;
          history = result.history;
          return { reply: result.finalOutput ?? '', read: (path) => context.files.get(path) };
        },
        close: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
};

/** JSON Schema as it is: the framework checks nothing in it, the tool does. */
interface LooseSchema {
  readonly type: 'object';
  properties: Record<string, { type: 'string' }>;
  required: string[];
  additionalProperties: true;
}

function toTool({ name, description, parameters, run }: HandTool) {
  return tool({
    name,
    description,
    parameters: parameters as LooseSchema,
    strict: false,
    execute: (input, context) => run(input as ToolInput, (context as RunContext<Context>).context.files),
  });
}

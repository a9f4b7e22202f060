import type { Files, HandTool, Toolbox, ToolInput } from './hand-tools.ts';
import { PROMPT, type Contestant } from './workload.ts';

/** What a person writes who needs no more than this: a loop in one thread, tools on a Map. */

export interface HandCall {
  readonly id: string;
  name: string;
  arguments: string;
}

export interface HandRequest {
  readonly model: string;
  readonly messages: readonly object[];
  /** Chat Completions' `tools`. */
  readonly tools: readonly object[];
  readonly onText: ((text: string) => void) | undefined;
}

/** One model response, read to its end. */
export type AskModel = (
  request: HandRequest,
) => Promise<{ readonly text: string; readonly calls: HandCall[] }>;

export function handLoop(ask: AskModel, toolbox: Toolbox, close: () => Promise<void>): Contestant {
  return {
    start({ model, files, extraTool }) {
      const own: Files = new Map(Object.entries(files));
      const offered = toolbox(extraTool);
      const messages: object[] = [];
      return Promise.resolve({
        async prompt(onText) {
          messages.push({ role: 'user', content: PROMPT });
          const reply = await turns(
            { model, messages, onText, tools: offered.map(toDefinition) },
            offered,
            own,
          );
          return { reply, read: (path) => own.get(path) };
        },
        close: () => Promise.resolve(),
      });
    },
    close,
  };

  async function turns(
    request: HandRequest & { readonly messages: object[] },
    offered: readonly HandTool[],
    files: Files,
  ): Promise<string> {
    for (;;) {
      const { text, calls } = await ask(request);
      if (calls.length === 0) {
        request.messages.push({ role: 'assistant', content: text });
        return text;
      }
      const tool_calls = calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      }));
      request.messages.push({ role: 'assistant', content: text, tool_calls });
      for (const call of calls) {
        const tool = offered.find(({ name }) => name === call.name);
        if (!tool) throw new Error(`no tool ${call.name}`);
        const content = await tool.run(JSON.parse(call.arguments) as ToolInput, files);
        request.messages.push({ role: 'tool', tool_call_id: call.id, content });
      }
    }
  }
}

function toDefinition({ name, description, parameters }: HandTool): object {
  return { type: 'function', function: { name, description, parameters } };
}

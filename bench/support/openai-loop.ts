import { OpenAI } from 'openai';
import { handLoop, type HandCall } from './hand-loop.ts';
import type { Toolbox } from './hand-tools.ts';
import type { Contestant } from './workload.ts';

/** The hand loop on the `openai` package and its own stream. */
export function openaiLoop(baseURL: string, toolbox: Toolbox): Contestant {
  const client = new OpenAI({ baseURL, apiKey: 'bench' });
  return handLoop(
    async ({ model, messages, tools, onText }) => {
      const stream = await client.chat.completions.create({
        model,
        messages: messages as unknown as OpenAI.ChatCompletionMessageParam[],
        tools: tools as unknown as OpenAI.ChatCompletionTool[],
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      const calls: HandCall[] = [];
      for await (const chunk of stream) {
        const delta = chunk.choices[0]?.delta;
        if (delta?.content) {
          text += delta.content;
          onText?.(delta.content);
        }
        for (const { index, id = '', function: part } of delta?.tool_calls ?? []) {
          const call = (calls[index] ??= { id, name: '', arguments: '' });
          call.name += part?.name ?? '';
          call.arguments += part?.arguments ?? '';
        }
      }
      return { text, calls };
    },
    toolbox,
    () => Promise.resolve(),
  );
}

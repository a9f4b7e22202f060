import { Agent, request } from 'undici';
import { handLoop, type HandCall } from './hand-loop.ts';
import type { Toolbox } from './hand-tools.ts';
import type { Contestant } from './workload.ts';

interface Chunk {
  readonly choices: readonly {
    readonly delta?: {
      readonly content?: string;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

/** The hand loop on nothing but undici: the least that can be done in one thread. */
export function undiciLoop(baseURL: string, toolbox: Toolbox): Contestant {
  const dispatcher = new Agent();
  return handLoop(
    async ({ model, messages, tools, onText }) => {
      const { statusCode, body } = await request(`${baseURL}/chat/completions`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
        body: JSON.stringify({
          model,
          messages,
          tools,
          stream: true,
          stream_options: { include_usage: true },
        }),
      });
      if (statusCode !== 200) throw new Error(`HTTP ${statusCode}: ${await body.text()}`);
      let text = '';
      const calls: HandCall[] = [];
      let rest = '';
      body.setEncoding('utf8');
      for await (const piece of body as AsyncIterable<string>) {
        const events = (rest + piece).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) {
          if (event === 'data: [DONE]') continue;
          const delta = (JSON.parse(event.slice('data: '.length)) as Chunk).choices[0]?.delta;
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
      }
      return { text, calls };
    },
    toolbox,
    () => dispatcher.close(),
  );
}

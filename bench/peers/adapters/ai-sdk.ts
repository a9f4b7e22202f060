import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { isStepCount, jsonSchema, streamText, type JSONSchema7, type ModelMessage, type ToolSet } from 'ai';
import type { ContestantModule } from '../../support/contestants.ts';
import type { Files, HandTool, ToolInput } from '../../support/hand-tools.ts';
import { MODEL_CALLS, PROMPT } from '../../support/workload.ts';

/** The AI SDK: `streamText` with its own loop over tools; between prompts a session is its list of messages. */
export const openContestant: ContestantModule['openContestant'] = ({ baseURL, toolbox }) => {
  const provider = createOpenAICompatible({ name: 'bench', baseURL, apiKey: 'bench', includeUsage: true });
  const schemas = new Map<HandTool, ReturnType<typeof jsonSchema<ToolInput>>>();

  function toolSet(offered: readonly HandTool[], files: Files): ToolSet {
    return Object.fromEntries(
      offered.map((tool) => {
        const { name, description, parameters, run } = tool;
        let inputSchema = schemas.get(tool);
        if (!inputSchema) schemas.set(tool, (inputSchema = jsonSchema<ToolInput>(parameters as JSONSchema7)));
        return [name, { description, inputSchema, execute: (input: ToolInput) => run(input, files) }];
      }),
    );
  }

  return {
    start({ model, files, extraTool }) {
      const own: Files = new Map(Object.entries(files));
      const set = toolSet(toolbox(extraTool), own);
      const messages: ModelMessage[] = [];
      return Promise.resolve({
        async prompt(onText) {
          messages.push({ role: 'user', content: PROMPT });
          let failure: unknown;
          const result = streamText({
            model: provider(model),
            messages,
            tools: set,
            stopWhen: isStepCount(MODEL_CALLS),
            onError: ({ error }) => {
              failure = error;
            },
          });
          if (onText) for await (const text of result.textStream) onText(text);
          else await result.consumeStream();
          if (failure !== undefined) throw failure;
          messages.push(...(await result.responseMessages));
          const reply = await result.text;
          return { reply, read: (path) => own.get(path) };
        },
        close: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
};

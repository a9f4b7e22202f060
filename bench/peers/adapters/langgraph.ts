import { AIMessage, HumanMessage, type AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import type { RunnableConfig } from '@langchain/core/runnables';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { ChatOpenAICompletions } from '@langchain/openai';
import type { ContestantModule } from '../../support/contestants.ts';
import type { Files, HandTool, ToolInput } from '../../support/hand-tools.ts';
import { PROMPT, type ExtraTool } from '../../support/workload.ts';

/** LangGraph: the graph of a model and a tool node, compiled once for all conversations, their files in the configuration. */
export const openContestant: ContestantModule['openContestant'] = ({ baseURL, toolbox }) => {
  const graphs = new Map<string, ReturnType<typeof compile>>();

  function compile(model: string, extraTool: ExtraTool | undefined) {
    const tools = toolbox(extraTool).map(toTool);
    const llm = new ChatOpenAICompletions({ model, apiKey: 'bench', configuration: { baseURL } }).bindTools(
      tools,
    );
    return new StateGraph(MessagesAnnotation)
      .addNode('model', async ({ messages }, config) => {
        const { onText } = ownOf(config);
        // Not `invoke` with `streaming`: it counts tokens by itself afterwards, with a table that it fetches.
        let response: AIMessageChunk | undefined;
        for await (const chunk of await llm.stream(messages, config)) {
          if (onText && chunk.text !== '') onText(chunk.text);
          response = response === undefined ? chunk : response.concat(chunk);
        }
        return { messages: response === undefined ? [] : [response] };
      })
      .addNode('tools', new ToolNode(tools, { handleToolErrors: true }))
      .addEdge(START, 'model')
      .addConditionalEdges('model', ({ messages }) => (asksForTools(messages.at(-1)) ? 'tools' : END))
      .addEdge('tools', 'model')
      .compile();
  }

  return {
    start({ model, files, extraTool }) {
      let graph = graphs.get(model);
      if (!graph) graphs.set(model, (graph = compile(model, extraTool)));
      const own: Files = new Map(Object.entries(files));
      let messages: BaseMessage[] = [];
      return Promise.resolve({
        async prompt(onText) {
          const state = await graph.invoke(
            { messages: [...messages, new HumanMessage(PROMPT)] },
            { configurable: { files: own, onText } satisfies Own },
          );
          messages = state.messages;
          return { reply: messages.at(-1)?.text ?? '', read: (path) => own.get(path) };
        },
        close: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
};

/** What belongs to one conversation; every node and tool is given it. */
interface Own {
  readonly files: Files;
  readonly onText: ((text: string) => void) | undefined;
}

function ownOf(config: { readonly configurable?: Record<string, unknown> } | undefined): Own {
  return config?.configurable as unknown as Own;
}

function asksForTools(message: BaseMessage | undefined): boolean {
  return AIMessage.isInstance(message) && (message.tool_calls?.length ?? 0) > 0;
}

function toTool({ name, description, parameters, run }: HandTool): DynamicStructuredTool {
  return new DynamicStructuredTool({
    name,
    description,
    schema: parameters as Record<string, unknown>,
    func: (input: ToolInput, _manager: unknown, config?: RunnableConfig) =>
      Promise.resolve(run(input, ownOf(config).files)),
  });
}

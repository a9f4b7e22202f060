import { namedTools, ToolSet } from 'skein';
import { burn } from './burn.ts';
import { PROMPT, type Contestant, type Outcome } from './workload.ts';

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

type Files = Map<string, string>;

// The same definitions as skein sends, so that all contestants send the same bytes.
const DEFINITIONS = new ToolSet(namedTools('coding-agent', [])).definitions();
const BURN_DEFINITION = {
  type: 'function',
  function: { name: 'burn', description: 'Burns CPU.', parameters: { type: 'object' } },
};

const TOOLS: ReadonlyMap<string, (input: Readonly<Record<string, string>>, files: Files) => string> = new Map(
  [
    ['read', ({ path = '' }, files: Files) => numbered(contentOf(files, path))],
    [
      'edit',
      ({ path = '', old_string = '', new_string = '' }, files: Files) =>
        edit(files, path, old_string, new_string),
    ],
    ['burn', ({ ms }) => burn(Number(ms))],
  ],
);

export function handLoop(ask: AskModel, close: () => Promise<void>): Contestant {
  return {
    async converse({ model, files, onText, withBurn = false }): Promise<Outcome> {
      const own: Files = new Map(Object.entries(files));
      const tools = withBurn ? [...DEFINITIONS, BURN_DEFINITION] : DEFINITIONS;
      const messages: object[] = [{ role: 'user', content: PROMPT }];
      for (;;) {
        const { text, calls } = await ask({ model, messages, tools, onText });
        if (calls.length === 0) return { reply: text, read: (path) => own.get(path) };
        const tool_calls = calls.map(({ id, name, arguments: args }) => ({
          id,
          type: 'function',
          function: { name, arguments: args },
        }));
        messages.push({ role: 'assistant', content: text, tool_calls });
        for (const call of calls) {
          const tool = TOOLS.get(call.name);
          if (!tool) throw new Error(`no tool ${call.name}`);
          const content = tool(JSON.parse(call.arguments) as Record<string, string>, own);
          messages.push({ role: 'tool', tool_call_id: call.id, content });
        }
      }
    },
    close,
  };
}

function contentOf(files: Files, path: string): string {
  const text = files.get(path);
  if (text === undefined) throw new Error(`no file ${path}`);
  return text;
}

function numbered(text: string): string {
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
  return lines.map((line, index) => `${String(index + 1).padStart(6)}\t${line}`).join('\n');
}

function edit(files: Files, path: string, oldText: string, newText: string): string {
  const text = contentOf(files, path);
  const at = text.indexOf(oldText);
  if (at === -1 || text.includes(oldText, at + 1)) throw new Error(`old_string is not unique in ${path}`);
  files.set(path, text.slice(0, at) + newText + text.slice(at + oldText.length));
  return `Edited ${path}.`;
}

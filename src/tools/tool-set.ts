import { ToolDefinitionError } from '../errors.ts';
import { checkTool } from './check-tool.ts';
import { moduleOf } from './load-module.ts';
import type { Tool, ToolDefinition } from './tool.ts';

/** The tools of one session, by name. */
export class ToolSet {
  readonly #tools = new Map<string, Tool>();

  /**
   * @param tools  in the order they are offered; the very same object twice counts once
   * @throws {ToolDefinitionError} `invalid_tool`, `duplicate_tool`
   */
  constructor(tools: readonly Tool[]) {
    for (const [index, tool] of tools.entries()) {
      checkTool(tool, `item ${index + 1} of tools`);
      const other = this.#tools.get(tool.name);
      if (other === tool) continue;
      if (other) {
        throw new ToolDefinitionError(
          'duplicate_tool',
          `Two tools are named ${JSON.stringify(tool.name)}: ${originOf(other)} and ${originOf(tool)}. Rename one or leave it out.`,
        );
      }
      this.#tools.set(tool.name, tool);
    }
  }

  get names(): readonly string[] {
    return [...this.#tools.keys()];
  }

  get(name: string): Tool | undefined {
    return this.#tools.get(name);
  }

  /** What the model is offered, always in the same order: a provider caches a prompt by its beginning. */
  definitions(): ToolDefinition[] {
    return [...this.#tools.values()].map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    }));
  }
}

function originOf(tool: Tool): string {
  const url = moduleOf(tool);
  return url === undefined ? 'one that is built in or given as an object' : `one of ${url}`;
}

import { ToolDefinitionError } from '../errors.ts';
import { directoryOfModule } from '../host-paths.ts';
import { checkTool } from './check-tool.ts';
import { describeThrown } from './describe-thrown.ts';
import type { Tool } from './tool.ts';

const modules = new WeakMap<Tool, string>();

/**
 * Loads the tools of a module, whose default export is an array of {@link Tool}. A module is evaluated once a thread.
 * @param url  absolute, as `import()` takes it: `file:`, `data:`
 * @throws {ToolDefinitionError} `tool_module_failed` when it cannot be loaded, `invalid_tool` for one of its tools
 */
export async function loadToolModule(url: string): Promise<Tool[]> {
  let exported: unknown;
  try {
    const module: { readonly default?: unknown } = await import(url);
    exported = module.default;
    // A CommonJS build of an ES module puts its default one level down.
    if (isObject(exported) && '__esModule' in exported) exported = exported['default'];
  } catch (error) {
    throw moduleFailed(url, `could not be loaded: ${describeThrown(error, directoryOfModule(url))}`, error);
  }
  if (!Array.isArray(exported)) {
    throw moduleFailed(url, 'must have a default export that is an array of tools');
  }
  return exported.map((tool: unknown, index) => {
    try {
      checkTool(tool, `item ${index + 1} of ${url}`);
    } catch (error) {
      if (error instanceof ToolDefinitionError) throw error;
      throw moduleFailed(
        url,
        `has a tool that cannot be looked at: ${describeThrown(error, directoryOfModule(url))}`,
        error,
      );
    }
    modules.set(tool, url);
    return tool;
  });
}

/** The URL that a tool was loaded from, for messages. */
export function moduleOf(tool: Tool): string | undefined {
  return modules.get(tool);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function moduleFailed(url: string, problem: string, cause?: unknown): ToolDefinitionError {
  return new ToolDefinitionError('tool_module_failed', `Tool module ${url} ${problem}.`, { cause });
}

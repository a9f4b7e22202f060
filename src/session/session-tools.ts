import type { SessionSpec, ToolSource } from '../protocol/messages.ts';
import { READING_TOOLS } from '../tools/keep-output.ts';
import { loadToolModule } from '../tools/load-module.ts';
import { namedTools } from '../tools/presets.ts';
import { ToolSet } from '../tools/tool-set.ts';
import type { Tool } from '../tools/tool.ts';

/** What a session can call. */
export interface SessionTools {
  readonly tools: ToolSet;
  /** Names of the tools that this thread did not get from a caller's module: they are trusted with the bare workspace. */
  readonly builtIn: ReadonlySet<string>;
  /** Those of them that open files. */
  readonly readers: readonly string[];
}

// Most sessions of a pool name the same built-in tools, and to check and collect them for each takes as long as to run some.
const known = new Map<string, SessionTools>();
const MAX_KNOWN = 100;

/**
 * The tools of a session, at once unless a module has to be loaded.
 * @throws {ToolDefinitionError} when a tool module does not load or a tool is unusable
 */
export function toolsOf(spec: SessionSpec): SessionTools | Promise<SessionTools> {
  if (spec.skills.length > 0 || !spec.tools.every((source) => source.kind === 'named')) {
    return collectTools(spec);
  }
  const key = spec.tools.map((source) => source.name).join();
  let tools = known.get(key);
  if (!tools) {
    const named = spec.tools.flatMap((source) => namedTools(source.name, spec.skills));
    tools = sessionTools(named, new Set(named.map((tool) => tool.name)));
    if (known.size < MAX_KNOWN) known.set(key, tools);
  }
  return tools;
}

async function collectTools({ tools: sources, skills }: SessionSpec): Promise<SessionTools> {
  const builtIn = new Set<string>();
  const tools: Tool[] = [];
  for (const source of sources) {
    if (source.kind === 'module') {
      tools.push(...(await loadToolModule(source.url)));
    } else if (source.kind === 'host') {
      tools.push(hostTool(source));
    } else {
      for (const tool of namedTools(source.name, skills)) {
        tools.push(tool);
        builtIn.add(tool.name);
      }
    }
  }
  return sessionTools(tools, builtIn);
}

function sessionTools(tools: readonly Tool[], builtIn: ReadonlySet<string>): SessionTools {
  return {
    tools: new ToolSet(tools),
    builtIn,
    readers: READING_TOOLS.filter((name) => builtIn.has(name)),
  };
}

/** Stands in for a tool that runs on the main thread: it is offered here, and never executed here. */
function hostTool(source: Extract<ToolSource, { kind: 'host' }>): Tool {
  return {
    name: source.name,
    description: source.description,
    parameters: source.parameters,
    readOnly: source.readOnly,
    effects: 'outside',
    execute() {
      throw new Error(`${source.name} runs on the main thread`);
    },
  };
}

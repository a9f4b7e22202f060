import type { SessionSpec, SessionState } from '../protocol/messages.ts';
import { READING_TOOLS } from '../tools/keep-output.ts';
import { loadToolModule } from '../tools/load-module.ts';
import { namedTools } from '../tools/presets.ts';
import type { Tool } from '../tools/tool.ts';
import { ToolSet } from '../tools/tool-set.ts';
import { BaseImage } from '../workspace/base-image.ts';
import { OverlayWorkspace } from '../workspace/overlay-workspace.ts';

/** A session while it lives in this thread: its volume and its tools. A cache of the journal, never the truth. */
export interface Resident {
  readonly spec: SessionSpec;
  readonly workspace: OverlayWorkspace;
  readonly tools: ToolSet;
  /** Names of the tools that this thread did not get from a caller's module: they are trusted with the bare workspace. */
  readonly builtIn: ReadonlySet<string>;
  /** Those of them that open files. */
  readonly readers: readonly string[];
  /** The step whose volume this is. */
  volumeOf: number;
}

/** @throws {ToolDefinitionError} when a tool module does not load or a tool is unusable */
export async function makeResident(state: SessionState, volumeOf: number): Promise<Resident> {
  const { spec } = state;
  const builtIn = new Set<string>();
  const tools: Tool[] = [];
  for (const source of spec.tools) {
    if (source.kind === 'module') {
      tools.push(...(await loadToolModule(source.url)));
    } else if (source.kind === 'host') {
      tools.push(hostTool(source));
    } else {
      for (const tool of namedTools(source.name, spec.skills)) {
        tools.push(tool);
        builtIn.add(tool.name);
      }
    }
  }
  return {
    spec,
    workspace: new OverlayWorkspace({
      images: spec.images.map((handle) => BaseImage.open(handle)),
      changes: state.overlay,
      quota: spec.quota,
    }),
    tools: new ToolSet(tools),
    builtIn,
    readers: READING_TOOLS.filter((name) => builtIn.has(name)),
    volumeOf,
  };
}

/** Stands in for a tool that runs on the main thread: it is offered here, and never executed here. */
function hostTool(source: {
  readonly name: string;
  readonly description: string;
  readonly parameters: Tool['parameters'];
  readonly readOnly: boolean;
}): Tool {
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

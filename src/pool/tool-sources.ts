import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToolSource } from '../protocol/messages.ts';
import { namedTools } from '../tools/presets.ts';
import type { Tool } from '../tools/tool.ts';

/** What the `tools` option names, sorted by where each part runs. */
export function toolSources(tools: readonly (string | URL | Tool)[]): {
  readonly sources: readonly ToolSource[];
  /** The caller's own objects: they stay on the main thread. */
  readonly hostTools: readonly Tool[];
} {
  const hostTools: Tool[] = [];
  const sources = tools.map((tool): ToolSource => {
    if (tool instanceof URL) return { kind: 'module', url: tool.href };
    if (typeof tool === 'string') return namedSource(tool);
    hostTools.push(tool);
    return {
      kind: 'host',
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters,
      readOnly: tool.readOnly ?? false,
    };
  });
  return { sources, hostTools };
}

/** @throws {ToolDefinitionError} `unknown_preset` */
function namedSource(name: string): ToolSource {
  if (URL.canParse(name)) return { kind: 'module', url: new URL(name).href };
  if (isAbsolute(name)) return { kind: 'module', url: pathToFileURL(name).href };
  namedTools(name, []);
  return { kind: 'named', name };
}

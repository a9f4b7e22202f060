import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ToolDefinitionError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { ToolSource } from '../protocol/messages.ts';
import { BUILT_IN_NAMES } from '../tools/presets.ts';
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

function namedSource(name: string): ToolSource {
  if (BUILT_IN_NAMES.includes(name)) return { kind: 'named', name };
  if (URL.canParse(name)) return { kind: 'module', url: new URL(name).href };
  if (isAbsolute(name)) return { kind: 'module', url: pathToFileURL(name).href };
  const hint = nearest(name, BUILT_IN_NAMES);
  throw new ToolDefinitionError(
    'unknown_preset',
    `No tools are called "${name}"${hint ? `; did you mean "${hint}"?` : '.'} Give a preset (${BUILT_IN_NAMES.join(', ')}), a module URL or a tool object.`,
  );
}

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToolSource } from '../protocol/messages.ts';
import type { Skill } from '../skills/skill.ts';
import { namedTools } from '../tools/presets.ts';
import { ToolSet } from '../tools/tool-set.ts';
import type { Tool } from '../tools/tool.ts';

/**
 * What the `tools` option names, sorted by where each part runs.
 * @throws {ToolDefinitionError} `unknown_preset`, `invalid_tool`, `duplicate_tool`
 */
export function toolSources(
  tools: readonly (string | URL | Tool)[],
  skills: readonly Skill[],
): {
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
      // As the model will be told: a schema library may have hung functions on it that no thread can be sent.
      parameters: jsonCopy(tool.parameters),
      readOnly: tool.readOnly ?? false,
      idempotent: tool.idempotent ?? false,
    };
  });
  // What a module brings is known only in the session's thread; everything else is refused here and now.
  const known = sources.flatMap((source) => (source.kind === 'named' ? namedTools(source.name, skills) : []));
  if (hostTools.length > 0) new ToolSet([...known, ...hostTools]);
  return { sources, hostTools };
}

function namedSource(name: string): ToolSource {
  if (URL.canParse(name)) return { kind: 'module', url: new URL(name).href };
  if (isAbsolute(name)) return { kind: 'module', url: pathToFileURL(name).href };
  return { kind: 'named', name };
}

/** What is no JSON stays as it is: the tool's check refuses it, with its name. */
function jsonCopy(parameters: Tool['parameters']): Tool['parameters'] {
  try {
    return JSON.parse(JSON.stringify(parameters)) as Tool['parameters'];
  } catch {
    return parameters;
  }
}

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ToolDefinitionError } from '../errors.ts';
import type { ToolSource } from '../protocol/messages.ts';
import type { Skill } from '../skills/skill.ts';
import { installedPackage } from '../threads/installed-package.ts';
import { packageNeededBy } from '../tools/optional-packages.ts';
import { namedTools } from '../tools/presets.ts';
import { ToolSet } from '../tools/tool-set.ts';
import type { Tool } from '../tools/tool.ts';

/**
 * What the `tools` option names, sorted by where each part runs.
 * @param findPackage  tells where a package is installed, for the tools that need one
 * @throws {ToolDefinitionError} `unknown_preset`, `missing_package`, `invalid_tool`, `duplicate_tool`
 */
export function toolSources(
  tools: readonly (string | URL | Tool)[],
  skills: readonly Skill[],
  findPackage: (name: string) => string | undefined = installedPackage,
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
  const named = sources.flatMap((source) => (source.kind === 'named' ? [source.name] : []));
  const known = named.flatMap((name) => namedTools(name, skills));
  for (const name of named) requirePackage(name, findPackage);
  if (hostTools.length > 0) new ToolSet([...known, ...hostTools]);
  return { sources, hostTools };
}

function requirePackage(toolName: string, findPackage: (name: string) => string | undefined): void {
  const needed = packageNeededBy(toolName);
  if (!needed || findPackage(needed.name) !== undefined) return;
  throw new ToolDefinitionError(
    'missing_package',
    `Tool ${JSON.stringify(toolName)} needs the package ${needed.name}, which is not installed: npm install ${needed.name}@${needed.version}`,
  );
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

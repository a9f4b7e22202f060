import { ToolDefinitionError } from '../errors.ts';
import type { Skill } from '../skills/skill.ts';
import { applyPatchTool } from './apply-patch.ts';
import { bashTool } from './bash.ts';
import { editTool } from './edit.ts';
import { listTool } from './list.ts';
import { multiEditTool } from './multi-edit.ts';
import { nearest } from '../nearest.ts';
import { patchTool } from './patch.ts';
import { readTool } from './read.ts';
import { searchTool } from './search.ts';
import { skillTool } from './skill.ts';
import type { Tool } from './tool.ts';
import { writeTool } from './write.ts';

const SHORT_NAMED = [
  readTool('read'),
  writeTool('write'),
  editTool('edit'),
  listTool('list'),
  searchTool('search'),
];
const LONG_NAMED = [
  readTool('read_file'),
  writeTool('write_file'),
  editTool('edit_file'),
  multiEditTool('multi_edit'),
  listTool('list_files'),
  searchTool('search_files'),
  applyPatchTool('apply_patch'),
  patchTool('patch'),
];
/** In no preset, but for who asks: a second way of applying patches, and a shell, which needs a package of its own. */
const UNLISTED = [applyPatchTool('apply_patch_atomic', { atomic: true }), bashTool];

/** Sets of built-in tools by name: one engine, two vocabularies. `skill` joins either where there are skills. */
const PRESETS: ReadonlyMap<string, readonly Tool[]> = new Map([
  ['coding-agent', SHORT_NAMED],
  ['code', LONG_NAMED],
]);

const SINGLE: ReadonlyMap<string, Tool> = new Map(
  [...SHORT_NAMED, ...LONG_NAMED, ...UNLISTED].map((tool) => [tool.name, tool]),
);

/** The preset of a session that names no tools. */
export const DEFAULT_PRESET = 'coding-agent';

/** Every name that {@link namedTools} takes: presets first, then single built-in tools. */
export const BUILT_IN_NAMES: readonly string[] = [...PRESETS.keys(), ...SINGLE.keys(), 'skill'];

// One skill tool per list of skills, so that two presets of one session share it instead of clashing.
const skillTools = new WeakMap<readonly Skill[], readonly Tool[]>();

/**
 * The tools behind a preset's or a single built-in tool's name. The same arguments give the same objects.
 * @throws {ToolDefinitionError} `unknown_preset`
 */
export function namedTools(name: string, skills: readonly Skill[]): readonly Tool[] {
  const preset = PRESETS.get(name);
  if (preset) return [...preset, ...skillToolOf(skills)];
  if (name === 'skill') return skillToolOf(skills);
  const single = SINGLE.get(name);
  if (single) return [single];
  const near = nearest(name, BUILT_IN_NAMES);
  throw new ToolDefinitionError(
    'unknown_preset',
    `No tool or preset is called ${JSON.stringify(name)}${near ? `; did you mean "${near}"?` : '.'} Known: ${BUILT_IN_NAMES.join(', ')}.`,
  );
}

/** Nothing where there is no skill that the model may call. */
function skillToolOf(skills: readonly Skill[]): readonly Tool[] {
  let tools = skillTools.get(skills);
  if (!tools) {
    const callable = skills.filter((skill) => !skill.disableModelInvocation);
    tools = callable.length === 0 ? [] : [skillTool(callable)];
    skillTools.set(skills, tools);
  }
  return tools;
}

import { escapeXml } from '../skills/catalog.ts';
import type { Skill } from '../skills/skill.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

export interface SkillInput {
  readonly name: string;
}

/**
 * Gives the body of a skill into the conversation (CA-22).
 * @param skills  those the model may call: the others are as if they were not there
 */
export function skillTool(skills: readonly Skill[]): Tool {
  const byName = new Map(skills.map((skill) => [skill.name, skill]));
  return {
    name: 'skill',
    description:
      'Get the instructions of one of the available skills. Call it before doing a task that a skill covers.',
    parameters: {
      type: 'object',
      properties: { name: { type: 'string', minLength: 1, description: 'Name of the skill' } },
      required: ['name'],
      additionalProperties: false,
    },
    readOnly: true,
    execute({ name }: SkillInput) {
      const skill = byName.get(name) ?? byName.get(name.normalize('NFKC'));
      if (!skill) {
        throw new ToolFailure(
          `no skill ${JSON.stringify(name)}; there are: ${[...byName.keys()].join(', ')}`,
        );
      }
      return `<skill_content name="${escapeXml(skill.name)}">\n${skill.body}\n</skill_content>${resourceList(skill)}`;
    },
  };
}

function resourceList({ resources }: Skill): string {
  if (resources.length === 0) return '';
  const files = resources.map((file) => `  <file>${escapeXml(file)}</file>`);
  return `\n<skill_resources note="names only: these files are not in the workspace">\n${files.join('\n')}\n</skill_resources>`;
}

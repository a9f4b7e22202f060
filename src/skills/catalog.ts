import type { Skill } from './skill.ts';

/**
 * The block of the system prompt that tells which skills there are: name and description only (CA-30).
 * '' when the model may call none.
 */
export function skillCatalog(skills: readonly Skill[]): string {
  const entries = skills
    .filter((skill) => !skill.disableModelInvocation)
    .map(
      ({ name, description }) =>
        `  <skill>\n    <name>${escapeXml(name)}</name>\n    <description>${escapeXml(description)}</description>\n  </skill>`,
    );
  if (entries.length === 0) return '';
  return (
    'Skills hold instructions for particular tasks. When a task fits the description of a skill, call the `skill` tool with its name and follow what it says before you go on.\n\n' +
    `<available_skills>\n${entries.join('\n')}\n</available_skills>`
  );
}

/** Text as it may stand in XML, in content and in attributes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

import { skillCatalog } from '../skills/catalog.ts';
import type { Skill } from '../skills/skill.ts';
import type { ToolSet } from '../tools/tool-set.ts';
import type { Opening, SessionSpec } from './messages.ts';

/** What every model request of a session with these tools begins with. */
export function openingOf(spec: Pick<SessionSpec, 'system' | 'skills'>, tools: ToolSet): Opening {
  const definitions = tools.definitions();
  return {
    system: systemPrompt(spec.system, spec.skills),
    tools: definitions.length === 0 ? null : JSON.stringify(definitions),
  };
}

/** The system prompt: the caller's text, then the catalogue of skills; null when there is neither (CA-5, CA-30). */
export function systemPrompt(system: string, skills: readonly Skill[]): string | null {
  const parts = [system.trim(), skillCatalog(skills)].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join('\n\n');
}

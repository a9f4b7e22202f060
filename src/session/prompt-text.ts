import { skillCatalog } from '../skills/catalog.ts';
import type { Skill } from '../skills/skill.ts';

/** The system prompt: the caller's text, then the catalogue of skills; null when there is neither (CA-5, CA-30). */
export function systemPrompt(system: string, skills: readonly Skill[]): string | null {
  const parts = [system.trim(), skillCatalog(skills)].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join('\n\n');
}

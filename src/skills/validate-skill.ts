import { basename, resolve } from 'node:path';
import { SkillError } from '../errors.ts';
import { parseFrontMatter } from './front-matter.ts';
import { findSkillFile, readSkillText } from './skill-files.ts';
import type { SkillWarning } from './skill.ts';
import { lengthOf, MAX_COMPATIBILITY_CHARS, MAX_DESCRIPTION_CHARS, nameProblems } from './skill-rules.ts';

const FIELDS = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools'];

/**
 * Checks a skill folder strictly against the Agent Skills format, as its author would want before publishing.
 * @returns what is wrong; empty when the skill is valid
 */
export async function validateSkill(dir: string): Promise<SkillWarning[]> {
  const problems: SkillWarning[] = [];
  try {
    const path = await findSkillFile(dir);
    if (path === undefined) {
      throw new SkillError('no_skill_file', dir, `${dir}: there is no SKILL.md.`);
    }
    const { fields, warnings } = parseFrontMatter(await readSkillText(path), path);
    problems.push(...warnings);
    const found = fieldProblems(fields, basename(resolve(dir)).normalize('NFKC'));
    problems.push(...found.map(({ code, problem }) => ({ path, code, message: `${path}: ${problem}.` })));
  } catch (error) {
    if (!(error instanceof SkillError)) throw error;
    problems.push({ path: error.path, code: error.code, message: error.message });
  }
  return problems;
}

function fieldProblems(
  fields: Readonly<Record<string, unknown>>,
  folder: string,
): { readonly code: string; readonly problem: string }[] {
  const problems: { code: string; problem: string }[] = [];
  const add = (code: string, problem: string): void => {
    problems.push({ code, problem });
  };
  for (const key of Object.keys(fields)) {
    if (!FIELDS.includes(key)) {
      add('unknown_field', `unknown field ${JSON.stringify(key)}; known are ${FIELDS.join(', ')}`);
    }
  }
  const text = (key: string, required: boolean): string | undefined => {
    const value = fields[key];
    if (value === undefined) {
      if (required) add('missing_field', `${key} is required`);
    } else if (typeof value !== 'string') {
      add('invalid_field', `${key} must be text`);
    } else if (value.trim() === '') {
      add('missing_field', `${key} is empty`);
    } else {
      return value.trim();
    }
    return undefined;
  };
  const name = text('name', true);
  if (name !== undefined) problems.push(...nameProblems(name.normalize('NFKC'), folder));
  const limit = (key: string, required: boolean, max: number): void => {
    const value = text(key, required);
    if (value !== undefined && lengthOf(value) > max) {
      add(`${key}_too_long`, `${key} is over ${max} characters`);
    }
  };
  limit('description', true, MAX_DESCRIPTION_CHARS);
  limit('compatibility', false, MAX_COMPATIBILITY_CHARS);
  return problems;
}

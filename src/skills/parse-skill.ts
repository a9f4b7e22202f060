import { SkillError } from '../errors.ts';
import { parseFrontMatter } from './front-matter.ts';
import type { Skill, SkillWarning } from './skill.ts';
import { lengthOf, MAX_DESCRIPTION_CHARS, nameProblems } from './skill-rules.ts';

/**
 * Reads the text of a SKILL.md, leniently: a name that breaks the rules is kept with a warning, unknown fields are
 * metadata. Only what leaves nothing to work with is refused.
 * @param options.path  for messages and {@link Skill.path}
 * @param options.folder  name of the folder it is in: the name of a skill that gives none
 * @throws {SkillError} `no_frontmatter`, `unterminated_frontmatter`, `invalid_yaml`, `invalid_frontmatter`,
 *   `missing_field` (description), `invalid_field` (name or description is not text)
 */
export function parseSkill(
  text: string,
  options: {
    readonly path: string;
    readonly folder: string;
    readonly dir: string;
    readonly resources?: readonly string[];
  },
): { readonly skill: Skill; readonly warnings: readonly SkillWarning[] } {
  const { path } = options;
  const { fields, body, warnings: found } = parseFrontMatter(text, path);
  const warnings: SkillWarning[] = [...found];
  const warn = (code: string, problem: string): void => {
    warnings.push({ path, code, message: `${path}: ${problem}.` });
  };

  const folder = options.folder.normalize('NFKC');
  const name = textField(fields, 'name', path).normalize('NFKC') || folder;
  for (const { code, problem } of nameProblems(name, folder)) warn(code, problem);
  const description = textField(fields, 'description', path);
  if (description === '') {
    throw new SkillError(
      'missing_field',
      path,
      `${path}: description is required; say what the skill does and when to use it.`,
    );
  }
  if (lengthOf(description) > MAX_DESCRIPTION_CHARS) {
    warn('description_too_long', `description is over ${MAX_DESCRIPTION_CHARS} characters`);
  }
  const skill: Skill = {
    name,
    description,
    body,
    path,
    dir: options.dir,
    metadata: metadataOf(fields),
    allowedTools: allowedTools(fields['allowed-tools'], warn),
    disableModelInvocation: flag(fields['disable-model-invocation'], warn),
    resources: options.resources ?? [],
  };
  return { skill, warnings };
}

/** Trimmed; '' when the field is not there. */
function textField(fields: Readonly<Record<string, unknown>>, key: string, path: string): string {
  const value = fields[key] ?? '';
  if (typeof value !== 'string') {
    throw new SkillError(
      'invalid_field',
      path,
      `${path}: ${key} must be text, got ${Array.isArray(value) ? 'a list' : 'a map'}.`,
    );
  }
  return value.trim();
}

const OWN_FIELDS = ['name', 'description', 'allowed-tools', 'disable-model-invocation', 'metadata'];

/** Every field that is not skein's, then the entries of `metadata`, which win. What is not text is written as JSON. */
function metadataOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const { metadata } = fields;
  const block = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : {};
  const others = Object.entries(fields).filter(([key]) => !OWN_FIELDS.includes(key));
  const result: Record<string, string> = {};
  for (const [key, value] of [...others, ...Object.entries(block)]) {
    if (key !== '__proto__') result[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return result;
}

type Warn = (code: string, problem: string) => void;

/** A list, or a text separated by commas or blanks; `Bash(git diff:*)` is one tool. */
function allowedTools(value: unknown, warn: Warn): string[] | null {
  if (value === undefined) return null;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.map((item) => item.trim()).filter((item) => item !== '');
  }
  if (typeof value === 'string') return value.match(/(?:[^\s,(]|\([^)]*\)?)+/g) ?? [];
  warn('invalid_field', 'allowed-tools must be a text or a list of texts; it was left out');
  return null;
}

function flag(value: unknown, warn: Warn): boolean {
  if (value === undefined) return false;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  // Of the two mistakes, showing what was meant to be hidden is the worse.
  warn('invalid_field', 'disable-model-invocation must be true or false; it was taken as true');
  return true;
}

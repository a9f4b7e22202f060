import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { skillCatalog } from '../../src/skills/catalog.ts';
import { loadSkills, type LoadedSkills } from '../../src/skills/load-skills.ts';
import { validateSkill } from '../../src/skills/validate-skill.ts';

// The folders of the shared fixtures lie beside the repository; a clone may not have them.
const FIXTURES = join(import.meta.dirname, '../../../shared/fixtures/skills');
const present = existsSync(FIXTURES);
if (!present) console.warn(`skipped: no skill fixtures at ${FIXTURES}`);

/** What a strict check finds in a valid folder: nothing. Otherwise the codes of what is wrong. */
const AGENT_SKILLS: Readonly<Record<string, readonly string[]>> = {
  valid_skill: [],
  valid_with_all_fields: [],
  allowed_tools_accepted: [],
  valid_compatibility: [],
  i18n_chinese_name: [],
  i18n_russian_name_with_hyphens: [],
  i18n_russian_lowercase_valid: [],
  nfkc_normalization: [],
  read_with_metadata: [],
  read_properties_with_lowercase_skill_md: [],
  special_characters_escaped: [],
  invalid_name_uppercase: ['invalid_name'],
  i18n_russian_uppercase_rejected: ['invalid_name'],
  name_too_long: ['name_too_long'],
  name_leading_hyphen: ['invalid_name'],
  name_consecutive_hyphens: ['invalid_name'],
  name_invalid_characters: ['invalid_name'],
  name_directory_mismatch: ['name_mismatch'],
  unexpected_fields: ['unknown_field'],
  description_too_long: ['description_too_long'],
  compatibility_too_long: ['compatibility_too_long'],
  missing_frontmatter: ['no_frontmatter'],
  unclosed_frontmatter: ['unterminated_frontmatter'],
  invalid_yaml: ['invalid_yaml'],
  non_dict_frontmatter: ['invalid_frontmatter'],
  missing_name: ['missing_field'],
  missing_description: ['missing_field'],
};

/** Lenient loading keeps out only what leaves nothing to work with. */
const NOT_LOADED = [
  'missing_frontmatter',
  'unclosed_frontmatter',
  'invalid_yaml',
  'non_dict_frontmatter',
  'missing_description',
];

describe.skipIf(!present)('the cases of the Agent Skills reference', () => {
  const root = join(FIXTURES, 'agentskills');
  const folderOf = (name: string): string => join(root, name, readdirSync(join(root, name))[0] ?? '');

  it('are all in the table', () => {
    expect(readdirSync(root).sort()).toEqual(Object.keys(AGENT_SKILLS).sort());
  });

  it.each(Object.entries(AGENT_SKILLS))('strict: %s → %j', async (name, codes) => {
    const problems = await validateSkill(folderOf(name));
    expect(problems.map(({ code }) => code)).toEqual(codes);
  });

  it.each(Object.keys(AGENT_SKILLS))('lenient: %s is loaded, unless nothing is left of it', async (name) => {
    const { skills, warnings } = await loadSkills([join(root, name)]);
    expect(skills).toHaveLength(NOT_LOADED.includes(name) ? 0 : 1);
    if (NOT_LOADED.includes(name)) {
      expect(warnings.map(({ code }) => code)).toEqual(AGENT_SKILLS[name]);
    }
  });

  it('read a name in NFKC, metadata as it is written, and tools from a text', async () => {
    const one = async (name: string) => (await loadSkills([join(root, name)])).skills[0];
    expect((await one('nfkc_normalization'))?.name).toBe('caf\u00e9');
    expect((await one('read_with_metadata'))?.metadata).toEqual({ author: 'Test Author', version: '1.0' });
    expect((await one('valid_with_all_fields'))?.metadata).toEqual({ license: 'MIT', author: 'Test' });
    expect((await one('allowed_tools_accepted'))?.allowedTools).toEqual(['Bash(jq:*)', 'Bash(git:*)']);
    expect(basename((await one('read_properties_with_lowercase_skill_md'))?.path ?? '')).toBe('skill.md');
  });

  it('leave no raw tag in the prompt', async () => {
    const { skills } = await loadSkills([join(root, 'special_characters_escaped')]);
    const catalog = skillCatalog(skills);
    expect(catalog).toContain('Use &lt;foo&gt; &amp; &lt;bar&gt; tags');
    expect(catalog).not.toContain('<foo>');
  });
});

describe.skipIf(!present)('the cases of pi', () => {
  const root = join(FIXTURES, 'pi/skills');

  it.each<[string, readonly string[], readonly (readonly [string, RegExp])[]]>([
    ['valid-skill', ['valid-skill'], []],
    ['name-mismatch', ['different-name'], [['name_mismatch', /does not match its folder "name-mismatch"/]]],
    // The folders of these two are named otherwise, which is told as well.
    [
      'invalid-name-chars',
      ['Invalid_Name'],
      [
        ['invalid_name', /lowercase/],
        ['invalid_name', /invalid characters/],
        ['name_mismatch', /folder/],
      ],
    ],
    [
      'consecutive-hyphens',
      ['bad--name'],
      [
        ['invalid_name', /consecutive hyphens/],
        ['name_mismatch', /folder/],
      ],
    ],
    ['missing-description', [], [['missing_field', /description is required/]]],
    ['no-frontmatter', [], [['no_frontmatter', /description is required/]]],
    ['invalid-yaml', [], [['invalid_yaml', /at line 3, /]]],
    ['unknown-field', ['unknown-field'], []],
    ['disable-model-invocation', ['disable-model-invocation'], []],
    ['multiline-description', ['multiline-description'], []],
    ['nested', ['child-skill'], []],
    ['root-skill-preferred', ['root-skill-preferred'], []],
  ])('%s', async (folder, names, expected) => {
    const { skills, warnings } = await loadSkills([join(root, folder)]);
    expect(skills.map(({ name }) => name)).toEqual(names);
    expect(warnings.map(({ code }) => code)).toEqual(expected.map(([code]) => code));
    for (const [index, [, message]] of expected.entries()) expect(warnings[index]?.message).toMatch(message);
  });

  it('long-name', async () => {
    const { skills, warnings } = await loadSkills([join(root, 'long-name')]);
    expect(skills).toHaveLength(1);
    expect(warnings[0]).toMatchObject({
      code: 'name_too_long',
      message: expect.stringContaining('over 64 characters') as string,
    });
  });

  it('read flags, descriptions and unknown fields', async () => {
    const one = async (name: string) => (await loadSkills([join(root, name)])).skills[0];
    expect(await one('valid-skill')).toMatchObject({
      description: 'A valid skill for testing purposes.',
      disableModelInvocation: false,
    });
    expect((await one('disable-model-invocation'))?.disableModelInvocation).toBe(true);
    expect((await one('multiline-description'))?.description).toBe(
      'This is a multiline description.\nIt spans multiple lines.\nAnd should be normalized.',
    );
    expect((await one('unknown-field'))?.metadata).toEqual({ author: 'someone', version: '1.0' });
    expect((await one('root-skill-preferred'))?.description).toBe('Root skill should win.');
  });

  it('load as a whole folder', async () => {
    const { skills } = await loadSkills([root]);
    expect(skills.length).toBe(10);
    expect(skillCatalog(skills)).not.toContain('<name>disable-model-invocation</name>');
  });

  it('keep the first of two with one name', async () => {
    const collision = join(FIXTURES, 'pi/skills-collision');
    const load = (...names: string[]): Promise<LoadedSkills> =>
      loadSkills(names.map((name) => join(collision, name)));
    const { skills, warnings } = await load('first', 'second');
    expect(skills.map(({ description }) => description)).toEqual(['First calendar skill.']);
    expect(warnings.map(({ code }) => code)).toEqual(['name_collision']);
    expect((await load('second', 'first')).skills[0]?.description).toBe('Second calendar skill.');
  });
});

import { describe, expect, it } from 'vitest';
import { skillCatalog } from '../../src/skills/catalog.ts';
import { findSkill, type Skill } from '../../src/skills/skill.ts';

function skill(name: string, fields: Partial<Skill> = {}): Skill {
  return {
    name,
    description: `${name} things`,
    body: `secret body of ${name}`,
    path: 'p',
    dir: 'd',
    metadata: {},
    allowedTools: null,
    disableModelInvocation: false,
    resources: [],
    ...fields,
  };
}

describe('the catalogue', () => {
  it('names and describes each skill, after two sentences that lead to the tool', () => {
    expect(skillCatalog([skill('pdf'), skill('csv')])).toBe(
      [
        'Skills hold instructions for particular tasks. When a task fits the description of a skill, call the `skill` tool with its name and follow what it says before you go on.',
        '',
        '<available_skills>',
        '  <skill>',
        '    <name>pdf</name>',
        '    <description>pdf things</description>',
        '  </skill>',
        '  <skill>',
        '    <name>csv</name>',
        '    <description>csv things</description>',
        '  </skill>',
        '</available_skills>',
      ].join('\n'),
    );
  });

  it('holds no body', () => {
    expect(skillCatalog([skill('pdf')])).not.toContain('secret body');
  });

  it('lets no text break out of its element', () => {
    const text = skillCatalog([skill('a"b', { description: `</description><b>'&amp;` })]);
    expect(text).toContain('<name>a&quot;b</name>');
    expect(text).toContain('<description>&lt;/description&gt;&lt;b&gt;&apos;&amp;amp;</description>');
  });

  it('is empty where the model may call no skill', () => {
    expect(skillCatalog([])).toBe('');
    expect(skillCatalog([skill('pdf', { disableModelInvocation: true })])).toBe('');
  });
});

describe('findSkill', () => {
  it('finds by name, or gives null', () => {
    const skills = [skill('pdf'), skill('caf\u00e9')];
    expect(findSkill('pdf', skills)).toBe(skills[0]);
    expect(findSkill('cafe\u0301', skills)).toBe(skills[1]);
    expect(findSkill('PDF', skills)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import type { Skill } from '../../src/skills/skill.ts';
import { Harness } from './harness.ts';

function skill(fields: Partial<Skill> & { readonly name: string }): Skill {
  return {
    description: 'Does things.',
    body: '# Body',
    path: `skills/${fields.name}/SKILL.md`,
    dir: `skills/${fields.name}`,
    metadata: {},
    allowedTools: null,
    disableModelInvocation: false,
    resources: [],
    ...fields,
  };
}

describe('the skill tool', () => {
  it('returns the body, wrapped and named', () => {
    const harness = new Harness({}, [skill({ name: 'pdf', body: 'Use <b>care</b>.' })]);
    expect(harness.ok('skill', { name: 'pdf' })).toBe(
      '<skill_content name="pdf">\nUse <b>care</b>.\n</skill_content>',
    );
  });

  it('lists the resources beside it', () => {
    const harness = new Harness({}, [skill({ name: 'pdf', resources: ['scripts/a&b.py', 'x.md'] })]);
    expect(harness.ok('skill', { name: 'pdf' })).toMatch(
      /<skill_resources note="[^"]+">\n {2}<file>scripts\/a&amp;b\.py<\/file>\n {2}<file>x\.md<\/file>\n<\/skill_resources>$/,
    );
  });

  it('finds a name in either Unicode form', () => {
    const harness = new Harness({}, [skill({ name: 'caf\u00e9' })]);
    expect(harness.ok('skill', { name: 'cafe\u0301' })).toContain('# Body');
  });

  it('answers an unknown name with those there are', () => {
    const harness = new Harness({}, [skill({ name: 'pdf' }), skill({ name: 'csv' })]);
    expect(harness.error('skill', { name: 'xls' })).toBe('Error: no skill "xls"; there are: pdf, csv');
  });

  it('knows nothing of a skill that only a person may call', () => {
    const harness = new Harness({}, [
      skill({ name: 'pdf' }),
      skill({ name: 'secret', disableModelInvocation: true }),
    ]);
    expect(harness.error('skill', { name: 'secret' })).toBe('Error: no skill "secret"; there are: pdf');
  });

  it('is not there where the model may call no skill', () => {
    expect(new Harness().tools.names).not.toContain('skill');
    const hidden = [skill({ name: 'secret', disableModelInvocation: true })];
    expect(new Harness({}, hidden).tools.names).not.toContain('skill');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SkillError } from '../../src/errors.ts';
import { parseSkill } from '../../src/skills/parse-skill.ts';

type Parsed = ReturnType<typeof parseSkill>;

function parse(text: string, folder = 'my-skill'): Parsed {
  return parseSkill(text, { path: 'my-skill/SKILL.md', folder, dir: 'my-skill' });
}

/** A skill with these lines in its front matter, beside a name and a description. */
function withFields(...lines: string[]): Parsed {
  return parse(['---', 'name: my-skill', 'description: Does.', ...lines, '---', 'Body'].join('\n'));
}

function refusal(text: string): { readonly code: string; readonly message: string } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof SkillError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('was accepted');
}

describe('a SKILL.md', () => {
  it('is front matter and a trimmed body', () => {
    expect(parse('---\nname: my-skill\ndescription: Does.\n---\n\n# Title\n\ntext\n\n')).toEqual({
      skill: {
        name: 'my-skill',
        description: 'Does.',
        body: '# Title\n\ntext',
        path: 'my-skill/SKILL.md',
        dir: 'my-skill',
        metadata: {},
        allowedTools: null,
        disableModelInvocation: false,
        resources: [],
      },
      warnings: [],
    });
  });

  it('may have a BOM, CRLF, and blanks after the dashes', () => {
    const { skill, warnings } = parse(
      '\ufeff---\r\nname: my-skill\r\ndescription: Does.\r\n--- \t\r\na\r\nb\r\n',
    );
    expect(skill).toMatchObject({ name: 'my-skill', description: 'Does.', body: 'a\nb' });
    expect(warnings).toEqual([]);
  });

  it('may have no body, and dashes in its body', () => {
    expect(parse('---\ndescription: Does.\n---').skill.body).toBe('');
    expect(parse('---\ndescription: Does.\n---\na\n---\nb').skill.body).toBe('a\n---\nb');
  });

  it('takes the name of its folder when it gives none', () => {
    expect(parse('---\ndescription: Does.\n---', 'the-folder')).toMatchObject({
      skill: { name: 'the-folder' },
      warnings: [],
    });
  });
});

describe('an unquoted colon', () => {
  it('is read as plain text, with a warning', () => {
    const { skill, warnings } = parse(
      '---\nname: my-skill\ndescription: Use when: always, or: "never" # note\n---\n',
    );
    expect(skill.description).toBe('Use when: always, or: "never"');
    expect(warnings.map(({ code }) => code)).toEqual(['unquoted_colon']);
    expect(warnings[0]?.message).toContain('description contains a colon');
  });

  it('at the end of a line, and in several lines', () => {
    const { skill } = parse('---\ndescription: the following:\nwhen-to-use: a: b\n---\n');
    expect(skill.description).toBe('the following:');
    expect(skill.metadata).toEqual({ 'when-to-use': 'a: b' });
  });

  it('is no matter where YAML reads it without help', () => {
    for (const line of [
      'description: at 10:30',
      'description: "a: b"',
      "description: 'a: b'",
      'description: |\n  a: b',
    ]) {
      expect(parse(`---\n${line}\n---\n`).warnings).toEqual([]);
    }
  });

  it('does not hide another fault: the message is about the file as it is', () => {
    expect(refusal('---\ndescription: a: b\nlist: [1\n---\n')).toMatchObject({
      code: 'invalid_yaml',
      message: expect.stringMatching(/at line 2, /) as string,
    });
  });
});

describe('fields', () => {
  it.each<[string, readonly string[] | null]>([
    ['allowed-tools: Read, Write ,Edit', ['Read', 'Write', 'Edit']],
    ['allowed-tools: Read Write', ['Read', 'Write']],
    ['allowed-tools: Bash(git diff:*), Read', ['Bash(git diff:*)', 'Read']],
    ['allowed-tools: Bash(a, b) Read', ['Bash(a, b)', 'Read']],
    ['allowed-tools: [Read, "Bash(git diff:*)"]', ['Read', 'Bash(git diff:*)']],
    ['allowed-tools:\n  - Read\n  - Write', ['Read', 'Write']],
    ['allowed-tools:', []],
    ['license: MIT', null],
  ])('%j gives the tools %j', (line, tools) => {
    expect(withFields(line)).toMatchObject({ skill: { allowedTools: tools }, warnings: [] });
  });

  it('that are not known become metadata, as they are written', () => {
    const { skill } = withFields(
      'version: 1.0',
      'date: 2026-11-21',
      'draft: yes',
      'empty:',
      'tags: [a, b]',
      'metadata:',
      '  big: 1e3',
      '  hex: 0x10',
      '  version: 2.10',
    );
    expect(skill.metadata).toEqual({
      version: '2.10',
      date: '2026-11-21',
      draft: 'yes',
      empty: '',
      tags: '["a","b"]',
      big: '1e3',
      hex: '0x10',
    });
  });

  it('of the wrong kind are left out with a warning', () => {
    expect(withFields('allowed-tools: {a: b}')).toMatchObject({
      skill: { allowedTools: null },
      warnings: [{ code: 'invalid_field' }],
    });
  });

  it('that hide a skill count as true when they are unclear', () => {
    expect(withFields('disable-model-invocation: false').skill.disableModelInvocation).toBe(false);
    expect(withFields('disable-model-invocation: True').skill.disableModelInvocation).toBe(true);
    expect(withFields('disable-model-invocation: yes please')).toMatchObject({
      skill: { disableModelInvocation: true },
      warnings: [{ code: 'invalid_field' }],
    });
  });

  it('cannot reach a prototype', () => {
    const { skill } = withFields(
      '__proto__: {polluted: 1}',
      'metadata:',
      '  __proto__: x',
      '  constructor: y',
    );
    expect(Object.keys(skill.metadata)).toEqual(['constructor']);
    expect(Object.getPrototypeOf(skill.metadata)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('what is refused', () => {
  it.each([
    ['', 'no_frontmatter'],
    ['# Title', 'no_frontmatter'],
    ['\n---\nname: a\n---', 'no_frontmatter'],
    ['----\nname: a\n----', 'no_frontmatter'],
    ['---', 'unterminated_frontmatter'],
    ['---\nname: a\n', 'unterminated_frontmatter'],
    ['---\nname: a\n ---\n', 'unterminated_frontmatter'],
    ['---\n---\n', 'missing_field'],
    ['---\n# only a comment\n---\n', 'missing_field'],
    ['---\nname: a\n---\n', 'missing_field'],
    ['---\nname: a\ndescription: "  "\n---\n', 'missing_field'],
    ['---\nname: [a]\ndescription: b\n---\n', 'invalid_field'],
    ['---\nname: a\ndescription: {b: c}\n---\n', 'invalid_field'],
    ['---\n- a\n---\n', 'invalid_frontmatter'],
    ['---\njust text\n---\n', 'invalid_frontmatter'],
    ['---\ndescription: a\ndescription: b\n---\n', 'invalid_yaml'],
    ['---\ndescription: [a\n---\n', 'invalid_yaml'],
    ['---\n\tdescription: a\n---\n', 'invalid_yaml'],
    ['---\na: &x [1]\ndescription: *x\n---\n', 'invalid_yaml'],
    ['---\ndescription: &x [*x]\n---\n', 'invalid_yaml'],
    ['---\ndescription: !!js/function "x"\n---\n', 'invalid_yaml'],
    [`---\ndescription: ${'['.repeat(500)}${']'.repeat(500)}\n---\n`, 'invalid_yaml'],
    [`---\ndescription: ${'x'.repeat(70_000)}\n---\n`, 'invalid_frontmatter'],
  ])('%.40j is %s', (text, code) => {
    expect(refusal(text).code).toBe(code);
  });

  it('says in which file and line', () => {
    expect(refusal('---\nname: a\nname: b\n---\n').message).toBe(
      'my-skill/SKILL.md is not valid YAML at line 3, column 1: duplicated mapping key.',
    );
  });

  it('an alias bomb is refused before it unfolds', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}x]`);
    expect(refusal(['---', 'l0: &l0 [x]', ...levels, 'description: a', '---'].join('\n')).code).toBe(
      'invalid_yaml',
    );
  });
});

it('any text is read or refused with a code, and Object.prototype stays as it is', () => {
  const before = Reflect.ownKeys(Object.prototype);
  const piece = fc.oneof(
    fc.constantFrom(
      '---\n',
      'name: a\n',
      'description: b\n',
      'description: a: b\n',
      '- x\n',
      '\t',
      '\r\n',
      '&a ',
      '*a ',
      '<<: *a\n',
      '__proto__:\n  x: 1\n',
      '[',
      '{',
      '"',
      '|\n  x\n',
      '\ufeff',
      '# c\n',
      '? ',
      '!!set ',
      '%YAML 1.2\n',
      '...\n',
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, framed) => {
      const text = framed ? `---\n${pieces.join('')}\n---\nbody` : pieces.join('');
      try {
        expect(parse(text).skill.description).not.toBe('');
      } catch (error) {
        if (!(error instanceof SkillError)) throw error;
        expect(error.path).toBe('my-skill/SKILL.md');
      }
    }),
    { numRuns: 5_000 },
  );
  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
});

import { describe, expect, it } from 'vitest';
import { parseYaml } from '../src/yaml.ts';

const parse = (text: string): unknown => parseYaml(text, { source: 'job.yaml' });

describe('a YAML text', () => {
  it('becomes plain data, by the core schema', () => {
    expect(parse('a: 1\nb: [true, null, yes, 2026-11-21]\nc:\n  d: |\n    x\n')).toEqual({
      a: 1,
      b: [true, null, 'yes', '2026-11-21'],
      c: { d: 'x\n' },
    });
  });

  it('keeps every scalar as it was written when asked for strings', () => {
    const text = 'a: 1.0\nb: true\nc:\nd: "1"\ne: [0x1F, ~]';
    expect(parseYaml(text, { source: 'f', strings: true })).toEqual({
      a: '1.0',
      b: 'true',
      c: '',
      d: '1',
      e: ['0x1F', '~'],
    });
  });

  it.each(['', '\n', '# only a comment\n\n', '\ufeff'])('without content is null: %j', (text) => {
    expect(parse(text)).toBeNull();
  });

  it('cannot reach a prototype', () => {
    const data = parse('__proto__:\n  polluted: 1\n') as Record<string, unknown>;
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('a YAML text that is refused', () => {
  it.each([
    ['a: [1', /^job\.yaml is not valid YAML at line 1, column \d+: /],
    ['a: 1\na: 2', /at line 2, column 1: duplicated mapping key\.$/],
    ['a: &x 1\nb: *x', /aliases/],
    ['a: 1\n---\nb: 2', /single document/],
    [`${'['.repeat(40)}${']'.repeat(40)}`, /not valid YAML/],
    ['x'.repeat(1024 * 1024 + 1), /1048577 characters; at most 1048576/],
  ])('%.30j names the file and the reason', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'invalid_yaml', message: expect.stringMatching(message) as string }),
    );
  });
});

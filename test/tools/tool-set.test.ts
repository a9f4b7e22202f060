import { describe, expect, it } from 'vitest';
import { BUILT_IN_NAMES, namedTools } from '../../src/tools/presets.ts';
import { planCalls } from '../../src/tools/plan-calls.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';
import type { Skill } from '../../src/skills/skill.ts';

const aSkill: Skill = {
  name: 'pdf',
  description: 'd',
  body: 'b',
  path: 'p',
  dir: 'd',
  metadata: {},
  allowedTools: null,
  disableModelInvocation: false,
  resources: [],
};

const tool: Tool = {
  name: 'probe',
  description: 'Looks.',
  parameters: { type: 'object' },
  execute: () => 'ok',
};

describe('presets', () => {
  it('are one engine under two sets of names', () => {
    const names = (preset: string): string[] => namedTools(preset, []).map(({ name }) => name);
    expect(names('coding-agent')).toEqual(['read', 'write', 'edit', 'list', 'search']);
    expect(names('code')).toEqual([
      'read_file',
      'write_file',
      'edit_file',
      'multi_edit',
      'list_files',
      'search_files',
      'apply_patch',
      'patch',
    ]);
  });

  it('have the skill tool where there is a skill to call', () => {
    expect(namedTools('coding-agent', [aSkill]).at(-1)?.name).toBe('skill');
    expect(namedTools('code', [aSkill]).at(-1)?.name).toBe('skill');
    expect(namedTools('skill', [aSkill]).map(({ name }) => name)).toEqual(['skill']);
    expect(namedTools('skill', [])).toEqual([]);
  });

  it('can be combined with each other and with single names', () => {
    const skills = [aSkill];
    const tools = ['coding-agent', 'code', 'list', 'skill'].flatMap((name) => namedTools(name, skills));
    expect(new ToolSet(tools).names).toHaveLength(14);
  });

  it('give single tools by name', () => {
    for (const name of BUILT_IN_NAMES.slice(2)) {
      expect(namedTools(name, [aSkill]).map((each) => each.name)).toEqual([name]);
    }
  });

  it('refuse an unknown name and say which is near', () => {
    expect(() => namedTools('coding-agnet', [])).toThrow(
      expect.objectContaining({
        code: 'unknown_preset',
        message: expect.stringContaining('did you mean "coding-agent"?') as string,
      }),
    );
  });

  it('change files only through tools that say so', () => {
    const mutating = [...namedTools('coding-agent', [aSkill]), ...namedTools('code', [])]
      .filter(({ readOnly }) => !readOnly)
      .map(({ name }) => name);
    expect(mutating).toEqual([
      'write',
      'edit',
      'write_file',
      'edit_file',
      'multi_edit',
      'apply_patch',
      'patch',
    ]);
  });
});

describe('a tool set', () => {
  it('offers its tools in order, as Chat Completions asks', () => {
    const set = new ToolSet([tool, { ...tool, name: 'other' }]);
    expect(set.definitions()).toEqual([
      {
        type: 'function',
        function: { name: 'probe', description: 'Looks.', parameters: { type: 'object' } },
      },
      {
        type: 'function',
        function: { name: 'other', description: 'Looks.', parameters: { type: 'object' } },
      },
    ]);
    expect(set.get('other')?.name).toBe('other');
    expect(set.get('toString')).toBeUndefined();
  });

  it('takes the very same tool twice as one, and refuses two of one name', () => {
    expect(new ToolSet([tool, tool]).names).toEqual(['probe']);
    expect(() => new ToolSet([tool, { ...tool }])).toThrow(
      expect.objectContaining({
        code: 'duplicate_tool',
        message: expect.stringContaining('"probe"') as string,
      }),
    );
  });

  it.each<[unknown, RegExp]>([
    [null, /^Tool \(item 2 of tools\): must be an object .* got null\.$/],
    ['read', /got string/],
    [[tool], /got an array/],
    [{ ...tool, name: undefined }, /name must be a string, got undefined/],
    [{ ...tool, name: 'two words' }, /^Tool "two words" \(item 2 of tools\): name must be 1 to 64/],
    [{ ...tool, name: '' }, /name must be 1 to 64/],
    [{ ...tool, name: 'n'.repeat(65) }, /name must be 1 to 64/],
    [{ ...tool, name: 'naïve' }, /name must be 1 to 64/],
    [{ ...tool, description: undefined }, /description must be a string, got undefined/],
    [{ ...tool, parameters: undefined }, /parameters must be a JSON Schema object, got undefined/],
    [{ ...tool, parameters: [] }, /parameters must be a JSON Schema object, got an array/],
    [{ ...tool, parameters: { type: 'string' } }, /type: "object"\), got type "string"/],
    [{ ...tool, parameters: { type: 'object', default: 1n } }, /plain JSON/],
    [
      { ...tool, execute: 'run' },
      /^Tool "probe" \(item 2 of tools\): execute must be a function, got string\.$/,
    ],
    [{ ...tool, readOnly: 'yes' }, /readOnly must be true or false, got string/],
    [{ ...tool, effects: 'network' }, /effects must be "workspace" or "outside"/],
    [{ ...tool, timeoutMs: 0 }, /timeoutMs must be/],
    [{ ...tool, timeoutMs: Infinity }, /timeoutMs must be/],
    [{ ...tool, timeoutMs: '5s' }, /timeoutMs must be/],
  ])('refuses %o', (value, message) => {
    expect(() => new ToolSet([{ ...tool, name: 'first' }, value as Tool])).toThrow(
      expect.objectContaining({ code: 'invalid_tool', message: expect.stringMatching(message) as string }),
    );
  });

  it('takes a name of 64 characters', () => {
    expect(new ToolSet([{ ...tool, name: 'n'.repeat(64) }]).names).toHaveLength(1);
  });
});

describe('a plan of calls', () => {
  const tools = new ToolSet(namedTools('coding-agent', []));

  function plan(...names: string[]): string[][] {
    const calls = names.map((name, index) => ({ id: `c${index}`, name, arguments: '{}' }));
    return planCalls(tools, calls).map((group) => group.map(({ id, name }) => `${id} ${name}`));
  }

  it('puts read-only calls that follow each other together and lets a mutating one stand alone', () => {
    expect(plan('read', 'list', 'write', 'edit', 'search', 'read')).toEqual([
      ['c0 read', 'c1 list'],
      ['c2 write'],
      ['c3 edit'],
      ['c4 search', 'c5 read'],
    ]);
  });

  it('keeps unknown tools with their neighbours', () => {
    expect(plan('read', 'nope', 'write', 'nope')).toEqual([
      ['c0 read', 'c1 nope'],
      ['c2 write'],
      ['c3 nope'],
    ]);
  });

  it('is empty without calls', () => {
    expect(plan()).toEqual([]);
  });
});

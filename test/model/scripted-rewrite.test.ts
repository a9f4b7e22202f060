import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planEdits } from '../../src/model/scripted/plan-edits.ts';
import type { ScriptedRewrite, ScriptedRule } from '../../src/model/scripted/script.ts';
import { Harness } from '../tools/harness.ts';
import { ask, calling, converse, stream, toolResult, user, withModel } from './scripted-client.ts';

/** A script that reads the files named in the prompt, rewrites them, and tells how many places it changed. */
function rewriting(rewrite: ScriptedRewrite, more: Partial<ScriptedRule> = {}): ScriptedRule[] {
  return [
    { match: { tool: rewrite.edit ?? rewrite.as ?? 'edit' }, answer: { text: 'Changed {{changes}}.' } },
    {
      match: { tool: 'read', last: 'read on with offset=(?<next>\\d+)', first: 'in (?<path>\\S+)' },
      answer: { calls: [{ name: 'read', arguments: { path: '{{path}}', offset: '{{next|number}}' } }] },
    },
    { match: { tool: 'read' }, rewrite, otherwise: 'Nothing in {{user}}.', ...more },
    {
      match: { user: 'in (?<path>\\S+) and (?<other>\\S+)' },
      answer: {
        calls: [
          { name: 'read', arguments: { path: '{{path}}' } },
          { name: 'read', arguments: { path: '{{other}}' } },
        ],
      },
    },
    {
      match: { user: 'in (?<path>\\S+)' },
      answer: { calls: [{ name: 'read', arguments: { path: '{{path}}' } }] },
    },
  ];
}

/** A file after the model rewrote it with the real tools, and what the model said of it. */
async function rewritten(
  file: string,
  rewrite: ScriptedRewrite,
): Promise<{ file: string; said: string; calls: Record<string, unknown>[] }> {
  const harness = new Harness({ 'a.ts': file });
  const answers = await withModel(rewriting(rewrite), (server) => converse(server, harness, 'go in a.ts'));
  return {
    file: harness.workspace.readText('a.ts'),
    said: answers.at(-1)!.text,
    calls: answers
      .at(-2)!
      .calls.map((call) => ({ tool: call.name, ...(JSON.parse(call.arguments) as object) })),
  };
}

describe('a rewrite', () => {
  it('changes every match, with one edit for each run of changed lines', async () => {
    const { file, said, calls } = await rewritten('var a;\nvar b;\nlet c;\nvar d; var e;\n', {
      pattern: '\\bvar\\b',
      replacement: 'let',
    });
    expect(file).toBe('let a;\nlet b;\nlet c;\nlet d; let e;\n');
    expect(calls).toEqual([
      { tool: 'edit', path: 'a.ts', old_string: 'var a;\nvar b;', new_string: 'let a;\nlet b;' },
      { tool: 'edit', path: 'a.ts', old_string: 'var d; var e;', new_string: 'let d; let e;' },
    ]);
    expect(said).toBe('Changed 4.');
  });

  it('widens a repeated line by its neighbours until it is the only one', async () => {
    const { file, calls } = await rewritten('a\nfoo()\nb\nfoo()\na\nfoo()\nb\n', {
      pattern: '(?<=a\\nfoo\\(\\)\\nb\\n)foo\\(\\)',
      replacement: 'bar()',
    });
    expect(file).toBe('a\nfoo()\nb\nbar()\na\nfoo()\nb\n');
    expect(calls).toEqual([{ tool: 'edit', path: 'a.ts', old_string: 'b\nfoo()', new_string: 'b\nbar()' }]);
  });

  it('changes repeated lines one after the other, each seeing what the ones before did', async () => {
    const { file, said } = await rewritten('x = 1\n\nx = 1\n\nx = 1\n', {
      pattern: '1$',
      replacement: '2',
      flags: 'm',
    });
    expect(file).toBe('x = 2\n\nx = 2\n\nx = 2\n');
    expect(said).toBe('Changed 3.');
  });

  it('keeps CRLF line ends', async () => {
    const { file } = await rewritten('var a;\r\n// x\r\nvar b;\r\n', {
      pattern: '^var',
      flags: 'm',
      replacement: 'let',
    });
    expect(file).toBe('let a;\r\n// x\r\nlet b;\r\n');
  });

  it('matches over several lines, and can delete lines', async () => {
    const { file } = await rewritten('a\nif (x) {\n  y();\n}\nb\n', {
      pattern: 'if \\(x\\) \\{\\s*(.*?)\\s*\\}\\n',
      replacement: '',
    });
    expect(file).toBe('a\nb\n');
  });

  it('expands $1, $<name> and $& as JavaScript does', async () => {
    const { file } = await rewritten('require("a");\n', {
      pattern: 'require\\((?<q>"\\w+")\\)',
      replacement: 'import($1, $<q>) // $& $$',
    });
    expect(file).toBe('import("a", "a") // require("a") $;\n');
  });

  it('fills its pattern and its replacement from the prompt, literally', async () => {
    const harness = new Harness({ 'a.ts': 'a.b(c) aXb(c)\n' });
    const rules: ScriptedRule[] = [
      { match: { tool: 'edit' }, answer: { text: 'ok' } },
      {
        match: { tool: 'read', user: 'rename (?<from>\\S+) to (?<to>\\S+)' },
        rewrite: { pattern: '{{from}}', replacement: '{{to}}' },
      },
      { answer: { calls: [{ name: 'read', arguments: { path: 'a.ts' } }] } },
    ];
    await withModel(rules, (server) => converse(server, harness, 'rename a.b(c) to $&.$1'));
    expect(harness.workspace.readText('a.ts')).toBe('$&.$1 aXb(c)\n');
  });

  it('says the text for otherwise when nothing matches, or when every match would stay as it is', async () => {
    for (const rewrite of [
      { pattern: 'nowhere', replacement: 'x' },
      { pattern: 'foo', replacement: 'foo' },
    ]) {
      expect(await rewritten('foo\n', rewrite)).toMatchObject({
        file: 'foo\n',
        said: 'Nothing in go in a.ts.',
      });
    }
  });

  it('has nothing to change in an empty file, or in one that could not be read', () =>
    withModel(rewriting({ pattern: '^', replacement: 'x' }), async (server) => {
      for (const content of ['(a.ts is empty)', 'Error: a.ts: no such file']) {
        const messages = [user('go'), calling(['c1', 'read', { path: 'a.ts' }]), toolResult('c1', content)];
        expect((await stream(server, messages)).text).toBe('Nothing in go.');
      }
    }));

  it('changes every file that the last turn read', async () => {
    const harness = new Harness({ 'a.ts': 'foo\n', 'b.ts': 'foo foo\n' });
    const answers = await withModel(rewriting({ pattern: 'foo', replacement: 'bar' }), (server) =>
      converse(server, harness, 'go in a.ts and b.ts'),
    );
    expect([harness.workspace.readText('a.ts'), harness.workspace.readText('b.ts')]).toEqual([
      'bar\n',
      'bar bar\n',
    ]);
    expect(answers.at(-1)!.text).toBe('Changed 3.');
  });

  it('changes a file that was read in pages, over all its pages', async () => {
    const line = (i: number): string => (i % 1000 === 0 ? 'foo' : `line ${i}`);
    const text = Array.from({ length: 4500 }, (_, i) => `${line(i)}\n`).join('');
    const { file, said } = await rewritten(text, { pattern: 'foo', replacement: 'bar' });
    expect(file).toBe(text.replaceAll('foo', 'bar'));
    expect(said).toBe('Changed 5.');
  });

  it('leaves lines alone of which the tool showed only the start', async () => {
    const long = `foo ${'x'.repeat(3000)}`;
    const { file } = await rewritten(`foo\n${long}\nother\nfoo\n`, { pattern: 'foo', replacement: 'bar' });
    // The first is on the line beside: they would change together.
    expect(file).toBe(`foo\n${long}\nother\nbar\n`);
  });

  it('joins changes into at most 100 edits, since clients take no more calls than so many', async () => {
    const text = Array.from({ length: 1000 }, (_, i) => `foo ${i}\n\n`).join('');
    const { file, said, calls } = await rewritten(text, { pattern: 'foo', replacement: 'bar' });
    expect(file).toBe(text.replaceAll('foo', 'bar'));
    expect(said).toBe('Changed 1000.');
    expect(calls.length).toBeLessThanOrEqual(100);
  });

  it('can write the whole file instead', async () => {
    const { file, said, calls } = await rewritten('foo\nx\nfoo\n', {
      pattern: 'foo',
      replacement: 'bar',
      as: 'write',
    });
    expect(file).toBe('bar\nx\nbar\n');
    expect(calls).toEqual([{ tool: 'write', path: 'a.ts', content: 'bar\nx\nbar\n' }]);
    expect(said).toBe('Changed 2.');
  });

  it('does not write a file that was not shown whole', () =>
    withModel(
      [{ match: { tool: 'read' }, rewrite: { pattern: 'foo', replacement: 'bar', as: 'write' } }],
      async (server) => {
        for (const shown of [
          '     1\tfoo\n\n[Lines 1-1 of 9 shown; read on with offset=1.]',
          '     2\tfoo',
          '     1\tfoo… [line cut: 3000 characters]',
        ]) {
          const messages = [user('go'), calling(['c1', 'read', { path: 'a.ts' }]), toolResult('c1', shown)];
          const { status, body } = await ask(server, messages);
          expect([status, body]).toEqual([400, expect.stringContaining('did not show all of it')]);
        }
      },
    ));

  it('calls the tools of the names that the read tool goes by, or the one that the script names', () =>
    withModel(
      [
        { match: { tool: 'read_file' }, rewrite: { pattern: 'foo', replacement: 'bar' } },
        { match: { tool: 'read' }, rewrite: { pattern: 'foo', replacement: 'bar', edit: 'replace' } },
      ],
      async (server) => {
        const names = [];
        for (const tool of ['read_file', 'read']) {
          const messages = [
            user('go'),
            calling(['c1', tool, { path: 'a' }]),
            toolResult('c1', '     1\tfoo'),
          ];
          names.push((await stream(server, messages)).calls[0]!.name);
        }
        expect(names).toEqual(['edit_file', 'replace']);
      },
    ));

  it('does not count changes that failed', () =>
    withModel(rewriting({ pattern: 'foo', replacement: 'bar' }), async (server) => {
      const messages = [
        user('go in a'),
        calling(['c1', 'read', { path: 'a' }]),
        toolResult('c1', '     1\tfoo'),
      ];
      const { calls } = await stream(server, messages);
      const called = calling([calls[0]!.id, 'edit', {}]);
      const after = async (content: string): Promise<string> =>
        (await stream(server, [...messages, called, toolResult(calls[0]!.id, content)])).text;
      expect([await after('Error: old_string not found'), await after('Edited a')]).toEqual([
        'Changed 0.',
        'Changed 1.',
      ]);
    }));

  it('can speak beside its calls', () =>
    withModel(
      [
        {
          match: { tool: 'read' },
          rewrite: { pattern: 'foo', replacement: 'x' },
          answer: { text: 'Editing.' },
        },
      ],
      async (server) => {
        const messages = [
          user('go'),
          calling(['c1', 'read', { path: 'a' }]),
          toolResult('c1', '     1\tfoo'),
        ];
        const { text, calls } = await stream(server, messages);
        expect([text, calls.length]).toEqual(['Editing.', 1]);
      },
    ));
});

describe('planned edits', () => {
  const line = fc.constantFrom('', 'a', 'b', 'aa', 'ab', 'a b', 'ba', 'c');
  const pattern = fc.constantFrom('a', 'b', '^a', 'a$', 'a\\nb', 'b\\n', '\\n', '^$', '(a)(b)?', '$', '');
  const replacement = fc.constantFrom('', 'x', 'a', 'b', '$&$&', '\n', '$1', 'a\nb', '$$');

  it('each find their text exactly once, and together do what replacing every match does', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        pattern,
        replacement,
        fc.constantFrom(1, 2, Infinity),
        fc.constantFrom('', '\n'),
        (lines, source, by, maxEdits, fileEnd) => {
          const text = lines.join('\n');
          fc.pre(/[^\n]/.test(text));
          const regexp = new RegExp(source, 'gm');
          let file = text + fileEnd;
          const edits = planEdits(text, regexp, by, { maxEdits });
          for (const { oldText, newText } of edits) {
            const [before, after, ...more] = splitAt(file, oldText);
            expect(more).toEqual([]);
            file = `${before}${newText}${after}`;
          }
          expect(file).toBe(text.replace(regexp, by) + fileEnd);
          expect(edits.length).toBeLessThanOrEqual(maxEdits);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

/** What is between the places where a part starts, overlapping ones too; the part itself is left out of what follows. */
function splitAt(text: string, part: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
    pieces.push(text.slice(from, at));
    from = at + part.length;
  }
  return [...pieces, text.slice(from)];
}

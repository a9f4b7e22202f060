import { describe, expect, it } from 'vitest';
import { describeEdit } from '../../src/edits/describe-edit.ts';
import { planEdits } from '../../src/edits/plan-edits.ts';
import { TextSearch } from '../../src/edits/text-search.ts';
import { WorkBudget } from '../../src/edits/work-budget.ts';
import { editedAt, refusal } from './edited.ts';

const MB = 1024 * 1024;

// What would take minutes without a bound on work makes these fail by the time limit of every test.
describe('an edit takes bounded work', () => {
  it('in a text and a search that repeat themselves, which V8 alone takes quadratic time for', () => {
    const file = 'a'.repeat(4 * MB);
    expect(refusal(file, `ab${'a'.repeat(MB)}`, 'x')).toContain('not found');
    expect(refusal(file, `${'a'.repeat(MB)}b${'a'.repeat(MB)}`, 'x')).toContain('not found');
    expect(refusal(file, 'a'.repeat(MB), 'x')).toContain('occurs');
    expect(editedAt('exact', file, 'a'.repeat(4 * MB), 'b')).toBe('b');
  });

  it('in a file of one line, and in one of lines that are all alike', () => {
    expect(refusal('ab '.repeat(MB), 'ab  ab', 'x')).toContain('not found');
    expect(refusal(`${' '.repeat(2 * MB)}x${' '.repeat(MB)}y`, 'x  \ny', 'z')).toContain('not found');
    const alike = '  x = call();\n'.repeat(MB / 4);
    expect(refusal(alike, '    x = call();\n    y = call();\n', 'z')).toContain('not found');
    expect(refusal(alike, '    x = call();\n'.repeat(20_000), 'z')).toMatch(/occurs|more work/);
    expect(refusal(`${alike}\tend();\n`, `${'    x = call();\n'.repeat(100_000)}    end();\n`, 'z')).toMatch(
      /more work than one call may/,
    );
  });

  it('in a text that has the search at every place, but nowhere as a line', () => {
    const file = 'a'.repeat(4 * MB);
    expect(refusal(file, `  ${'a'.repeat(2_000)}\n  a`, 'x')).toContain('not found');
    expect(editedAt('trailing-blanks', file, `${'a'.repeat(2_000)}  `, 'x')).toBe(
      `${'a'.repeat(4 * MB - 2_000)}x`,
    );
  });

  it('when it puts many lines into many places', () => {
    const file = '  call(some, text);\r\n'.repeat(100_000);
    const lines = '    b\n'.repeat(150);
    expect(refusal(file, '    call(some, text);\n', lines, true)).toContain('more work than one call may');
  });

  it('when it tells of 100,000 changes in one line', () => {
    const file = `a${'-'.repeat(39)}`.repeat(100_000);
    const replacements = Array.from({ length: 100_000 }, (_, i) => ({
      start: 40 * i,
      end: 40 * i + 1,
      text: 'b',
    }));
    const started = performance.now();
    describeEdit({ path: 'a.txt', before: file, replacements, levels: [], maxHunks: 1 });
    // Looking for the end of the line for each of them took 2 s.
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('when it replaces every line of a file with CRLF, or in one line that is long', () => {
    const lines = 'a\r\nb\r\n'.repeat(50_000);
    expect(editedAt('exact', lines, 'a\nb\n', 'c\n', true)).toBe('c\r\n'.repeat(50_000));
    expect(editedAt('exact', `x\r\n${'a '.repeat(90_000)}`, 'a ', 'b ', true)).toBe(
      `x\r\n${'b '.repeat(90_000)}`,
    );
  });

  it('with an old text of 100,000 lines', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i};`);
    const deeper = lines.map((line) => `  ${line}`).join('\n');
    expect(editedAt('indentation', lines.join('\n'), deeper, '  gone')).toBe('gone');
    expect(refusal(lines.join('\n'), `${deeper}x`, 'z')).toContain('not found');
  });

  it('with a thousand edits, and says how much was asked when it is too much', () => {
    const edits = Array.from({ length: 1_000 }, (_, i) => ({
      oldText: `missing ${i}`,
      newText: 'x',
      replaceAll: false,
    }));
    const plan = planEdits('a.txt', 'some words in a line\n'.repeat(150_000), edits);
    expect(plan).toMatchObject({ kind: 'refused' });
    if (plan.kind === 'refused') expect(plan.problems.length + plan.moreProblems).toBeGreaterThan(10);
    const common = planEdits(
      'a.txt',
      'x'.repeat(4 * MB),
      edits.map((edit) => ({ ...edit, oldText: 'x' })),
    );
    expect(common).toMatchObject({ kind: 'refused' });
  });
});

describe('a search', () => {
  it('finds what indexOf finds, by its table too', () => {
    const pattern = `${'ab'.repeat(200)}c`;
    const text = `${'ab'.repeat(300)}${pattern}${'ab'.repeat(500)}${pattern}a`;
    const search = new TextSearch(text, pattern, new WorkBudget());
    const found: number[] = [];
    for (let at = search.next(0); at !== -1; at = search.next(at + 1)) found.push(at);
    const first = text.indexOf(pattern);
    expect(found).toEqual([first, text.indexOf(pattern, first + 1)]);
  });
});

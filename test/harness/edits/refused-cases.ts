import type { Prng } from '../shared/prng.ts';
import { drawChange, renameOne, type BlockChange } from './block-change.ts';
import type { EditCase } from './edit-case.ts';
import type { DrawCase } from './landing-cases.ts';
import type { Source } from './sources.ts';
import { asRead, countIn, indentOf } from './spelling.ts';

/** A block of the source, and its new text. */
interface Block {
  readonly change: BlockChange;
  readonly lines: readonly string[];
  readonly renamed: readonly string[];
}

function drawBlock(prng: Prng, source: Source, minLines: number): Block | undefined {
  const change = drawChange(prng, source, ['rename'], minLines);
  if (!change) return undefined;
  return {
    change,
    lines: source.lines.slice(change.start, change.end),
    renamed: change.lines.map((line) => (line.kind === 'kept' ? source.lines[line.index]! : line.text)),
  };
}

function refused(
  name: string,
  source: Source,
  file: string,
  oldText: string,
  newText: string,
): EditCase | undefined {
  if (oldText === newText) return undefined;
  return {
    name,
    source: source.name,
    file,
    edits: [{ old_string: oldText, new_string: newText }],
    truths: [],
  };
}

/** The block is there twice, each spelled in its own way, and the model spells it in a third one. */
function twice(
  minLines: number,
  spellings: (prng: Prng) => readonly ((line: string, i: number) => string)[],
): DrawCase {
  return (prng, source, name) => {
    const block = drawBlock(prng, source, minLines);
    if (!block) return undefined;
    const [first, second, model] = spellings(prng);
    const { start, end } = block.change;
    const copyAt = prng.between(end, source.lines.length);
    const file = [
      ...source.lines.slice(0, start),
      ...block.lines.map(first!),
      ...source.lines.slice(end, copyAt),
      'copied here',
      ...block.lines.map(second!),
      ...source.lines.slice(copyAt),
    ].join('\n');
    const newline = prng.chance(0.5) ? '\n' : '';
    const text = (lines: readonly string[]): string => lines.map(model!).join('\n') + newline;
    // Spelled as one of them it would be that one.
    const exact = `\n${file}\n`.split(`\n${text(block.lines).replace(/\n$/, '')}\n`).length - 1;
    return exact === 1
      ? undefined
      : refused(name, source, `${file}\n`, text(block.lines), text(block.renamed));
  };
}

const same = (line: string): string => line;
const indented = (by: string) => (line: string) => (line === '' ? line : by + line);
const quoted = (open: string, close: string) => (line: string) =>
  line.replace(/"([^"]*)"/g, `${open}$1${close}`).replace(/'([^']*)'/g, `${open}$1${close}`);

/** The text is not there: nothing in the file reads like it. */
function absent(
  minLines: number,
  spoil: (prng: Prng, lines: string[]) => readonly string[] | undefined,
): DrawCase {
  return (prng, source, name) => {
    const block = drawBlock(prng, source, minLines);
    const spoilt = block && spoil(prng, [...block.lines]);
    if (!block || !spoilt) return undefined;
    const eol = prng.pick(['\n', '\n', '\r\n']);
    const file = source.lines.join(eol) + eol;
    const oldText = spoilt.join('\n');
    if (countIn(asRead(file), asRead(oldText)) > 0) return undefined;
    return refused(name, source, file, oldText, block.renamed.join('\n'));
  };
}

function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  return list.map((each, i) => (i === at ? value : each));
}

/** What a reader calls ambiguous, or not there: such an edit must not be made. */
export const REFUSED_CASES: Readonly<Record<string, DrawCase>> = {
  'twice: the same': twice(1, () => [same, same, same]),
  'twice: the same, other depth in the text': twice(1, () => [same, same, indented('   ')]),
  'twice: at two depths': twice(1, (prng) => {
    const deep = ' '.repeat(prng.between(3, 8));
    return [same, indented(deep), indented(' '.repeat(prng.between(1, deep.length - 1)))];
  }),
  'twice: at two depths, deeper in the text': twice(1, () => [same, indented('  '), indented('     ')]),
  'twice: quotes of two kinds': (prng, source, name) => {
    const drawn = twice(1, () => [quoted('“', '”'), quoted('„', '‟'), quoted('"', '"')])(prng, source, name);
    // Single quotes would be other ones, and the text not there at all.
    return drawn?.edits.every(({ old_string }) => old_string.includes('"')) ? drawn : undefined;
  },
  'twice: trailing blanks of two kinds': twice(2, () => [
    (line) => `${line}  `,
    (line) => `${line}\t`,
    (line, i) => (i === 0 ? `${line} ` : line),
  ]),
  'twice: one after the other': (prng, source, name) => {
    const line = prng.pick(source.lines);
    if (line.replace(/\W/g, '').length < 4) return undefined;
    const file = ['head', line, line, line, 'tail', ''].join('\n');
    return refused(name, source, file, `${line}\n${line}\n`, `${line}\n`);
  },
  'stale: a line has changed': absent(2, (prng, lines) => {
    const at = prng.below(lines.length);
    const other = renameOne(prng, lines[at]!);
    return other === undefined ? undefined : replaced(lines, at, other);
  }),
  'stale: only the first and the last line are left': absent(4, (prng, lines) =>
    lines.map((line, i) =>
      i === 0 || i === lines.length - 1 ? line : `${indentOf(line)}before_${prng.below(1_000)}();`,
    ),
  ),
  'stale: a line has come': absent(2, (prng, lines) =>
    lines.toSpliced(
      prng.between(1, lines.length - 1),
      0,
      `${indentOf(lines[0]!)}gone_${prng.below(1_000)}();`,
    ),
  ),
  'near: a line is missing': absent(3, (prng, lines) =>
    lines.toSpliced(prng.between(1, lines.length - 2), 1),
  ),
  'near: two lines are swapped': absent(2, (prng, lines) => {
    const at = prng.below(lines.length - 1);
    return lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!);
  }),
  'near: a letter is another': absent(1, (prng, lines) => {
    const at = prng.below(lines.length);
    const letters = [...lines[at]!.matchAll(/[a-y]/g)];
    if (letters.length === 0) return undefined;
    const { index, 0: letter } = prng.pick(letters);
    const next = String.fromCharCode(letter.charCodeAt(0) + 1);
    return replaced(lines, at, lines[at]!.slice(0, index) + next + lines[at]!.slice(index + 1));
  }),
  'near: blanks within a line': absent(1, (prng, lines) => {
    const at = prng.below(lines.length);
    const spoilt = lines[at]!.replace(/(?<=\S) (?=\S)/, prng.pick(['  ', '\t', '']));
    return spoilt === lines[at] ? undefined : replaced(lines, at, spoilt);
  }),
  'near: a blank line too many': absent(2, (prng, lines) =>
    lines.toSpliced(prng.between(1, lines.length - 1), 0, ''),
  ),
  'near: upper and lower case': absent(1, (_prng, lines) => lines.map((line) => line.toUpperCase())),
  'line numbers': absent(1, (prng, lines) => {
    const first = prng.between(1, 900);
    return lines.map((line, i) => `${String(first + i).padStart(6)}\t${line}`);
  }),
  'another shape: one line at another depth': (prng, source, name) => {
    const block = drawBlock(prng, source, 2);
    if (!block) return undefined;
    const at = prng.below(block.lines.length);
    if (block.lines[at]!.trim() === '') return undefined;
    const more = prng.pick([' ', '  ', '    ', '\t']);
    // The first line alone, moved to the left, is a part of the line in the file: nothing about its shape.
    const text = replaced(block.lines, at, more + block.lines[at]!).join('\n');
    return refused(name, source, `${source.lines.join('\n')}\n`, text, block.renamed.join('\n'));
  },
  'left of the margin': (prng, source, name) => {
    const block = drawBlock(prng, source, 2);
    if (!block || block.lines.some((line) => line.trim() === '')) return undefined;
    const model = block.lines.map(indented('      '));
    const file = `${source.lines.join('\n')}\n`;
    if (countIn(asRead(file), asRead(model.join('\n'))) !== 1) return undefined;
    return refused(name, source, file, model.join('\n'), '  leftward();\n    last();');
  },
};

import type { Prng } from '../shared/prng.ts';
import { drawChange, renameOne, type ChangeKind } from './block-change.ts';
import type { CaseEdit, EditCase } from './edit-case.ts';
import { combined, spell, SPELLINGS, type Draw } from './model-view.ts';
import type { Source } from './sources.ts';
import { asRead, countIn, indentOf } from './spelling.ts';

/** Draws a case of a class from a source; undefined when the source gave none this time. */
export type DrawCase = (prng: Prng, source: Source, name: string) => EditCase | undefined;

const EVERY: readonly ChangeKind[] = ['rename', 'insert', 'delete', 'wrap'];
/** What wraps lines writes them anew: how their quotes are to be spelled then, nobody can say. */
const IN_PLACE: readonly ChangeKind[] = ['rename', 'rename', 'insert', 'delete'];

function blocks(draw: Draw, kinds = EVERY, options: { minLines?: number; atEnd?: boolean } = {}): DrawCase {
  return (prng, source, name) => {
    const change = drawChange(prng, source, kinds, options.minLines, options.atEnd);
    const spelling = change && draw(prng, source, change);
    if (!change || !spelling) return undefined;
    const withNewline = options.atEnd ?? (change.lines.length === 0 || prng.chance(0.5));
    const { file, oldText, newText, truths } = spell(source, change, spelling, withNewline, options.atEnd);
    if (!isClear(file, oldText) || oldText === newText || truths.includes(file)) return undefined;
    return {
      name,
      source: source.name,
      file,
      edits: [{ old_string: oldText, new_string: newText }],
      truths,
    };
  };
}

/** Whether a reader knows which place is meant, who looks neither at depth nor at the spelling. */
function isClear(file: string, oldText: string): boolean {
  return countIn(asRead(file), asRead(oldText).replace(/\n$/, '')) === 1;
}

/** From the middle of a line to the middle of the same or another one; one word changes. */
function partial(draw: Draw): DrawCase {
  return (prng, source, name) => {
    const change = drawChange(prng, source, ['rename']);
    const spelling = change && draw(prng, source, change);
    if (!change || !spelling) return undefined;
    const { file, oldText, newText, truths } = spell(source, change, spelling, false);
    const head = prng.between(0, oldText.search(/\S/) + 3);
    const tail = prng.below(4);
    if (oldText.slice(0, head) !== newText.slice(0, head) || head + tail + 6 > oldText.length)
      return undefined;
    if (tail > 0 && oldText.slice(-tail) !== newText.slice(-tail)) return undefined;
    const old_string = oldText.slice(head, oldText.length - tail);
    const new_string = newText.slice(head, newText.length - tail);
    if (!isClear(file, old_string) || old_string === new_string) return undefined;
    return { name, source: source.name, file, edits: [{ old_string, new_string }], truths };
  };
}

/** Every place of a block that is there at several depths. */
const everywhere: DrawCase = (prng, source, name) => {
  const change = drawChange(prng, source, ['rename', 'insert'], 2);
  if (!change || source.step === '\t') return undefined;
  const block = source.lines.slice(change.start, change.end);
  if (!isClear(source.lines.join('\n'), block.join('\n'))) return undefined;
  const texts = change.lines.map((line) => (line.kind === 'kept' ? source.lines[line.index]! : line.text));
  const depths = Array.from({ length: prng.between(2, 4) }, () => ' '.repeat(prng.below(9)));
  const at = (lines: readonly string[], indent: string): string =>
    lines.map((line) => (line === '' ? '\n' : `${indent}${line}\n`)).join('');
  const own = ' '.repeat(9);
  return {
    name,
    source: source.name,
    file: `head\n${depths.map((indent) => `${at(block, indent)}between\n`).join('')}`,
    edits: [{ old_string: at(block, own), new_string: at(texts, own), replace_all: true }],
    truths: [`head\n${depths.map((indent) => `${at(texts, indent)}between\n`).join('')}`],
  };
};

/** One of two blocks that differ in one way only is written as it stands. */
const twinAsWritten: DrawCase = (prng, source, name) => {
  const change = drawChange(prng, source, ['rename'], 2);
  if (!change) return undefined;
  const block = source.lines.slice(change.start, change.end);
  if (block.some((line) => line.trim() === '') || !isClear(source.lines.join('\n'), block.join('\n')))
    return undefined;
  const twin = prng.pick([
    (line: string) => `    ${line}`,
    (line: string) => `${line}  `,
    (line: string) => line.replaceAll("'", '’').replaceAll('"', '”'),
  ]);
  const twins = block.map(twin);
  if (twins.join('\n').includes(block.join('\n'))) return undefined;
  const others = source.lines.slice(change.end);
  const before = source.lines.slice(0, change.start);
  const renamed = change.lines.map((line) => (line.kind === 'kept' ? source.lines[line.index]! : line.text));
  const text = (own: readonly string[]): string =>
    [...before, ...own, ...others, ...twins, 'end', ''].join('\n');
  return {
    name,
    source: source.name,
    file: text(block),
    edits: [{ old_string: `${block.join('\n')}\n`, new_string: `${renamed.join('\n')}\n` }],
    truths: [text(renamed)],
  };
};

/** Several blocks of one file at once, each spelled in its own way. */
const several: DrawCase = (prng, source, name) => {
  const edits: CaseEdit[] = [];
  const file = `${source.lines.join('\n')}\n`;
  const result = [...source.lines];
  const taken = new Set<number>();
  const wanted = prng.between(2, 5);
  for (let attempt = 0; attempt < 60 && edits.length < wanted; attempt++) {
    const change = drawChange(prng, source, ['rename']);
    const draw = prng.pick([
      SPELLINGS.plain,
      SPELLINGS.deeper,
      SPELLINGS.typographicModel,
      SPELLINGS.crlfModel,
    ]);
    const spelling = change && (draw as Draw)(prng, source, change);
    if (!change || !spelling) continue;
    const indices = Array.from({ length: change.end - change.start }, (_, i) => change.start + i);
    const { oldText, newText } = spell(source, change, spelling, prng.chance(0.5));
    if (indices.some((index) => taken.has(index)) || !isClear(file, oldText) || oldText === newText) continue;
    for (const index of indices) taken.add(index);
    for (const line of change.lines) if (line.kind === 'changed') result[line.index] = line.text;
    edits.push({ old_string: oldText, new_string: newText });
  }
  if (edits.length < 2) return undefined;
  return { name, source: source.name, file, edits, truths: [`${result.join('\n')}\n`] };
};

/** Where a word is, everywhere it is. */
const wordEverywhere: DrawCase = (prng, source, name) => {
  const line = prng.pick(source.lines);
  const renamed = renameOne(prng, line);
  if (renamed === undefined) return undefined;
  const start = line.split('').findIndex((sign, i) => sign !== renamed[i]);
  const word = /^\w+/.exec(line.slice(start))?.[0] ?? '';
  const old_string = line.slice(indentOf(line).length, start) + word;
  if (word === '' || old_string.length < 3) return undefined;
  const eol = prng.pick(['\n', '\r\n']);
  const file = source.lines.join(eol) + eol;
  const new_string = prng.pick(['$&', '$1', '$$', 'other', '']);
  return {
    name,
    source: source.name,
    file,
    edits: [{ old_string, new_string, replace_all: true }],
    truths: [file.split(old_string).join(new_string)],
  };
};

const S = SPELLINGS;

/** What a reader calls unambiguous, by what is different between the model's text and the file's. */
export const LANDING_CASES: Readonly<Record<string, DrawCase>> = {
  'as it is': blocks(S.plain),
  'CRLF in the file': blocks(S.crlfFile),
  'CRLF in the text': blocks(S.crlfModel),
  'mixed line endings': blocks(S.mixedEndings, IN_PLACE),
  'typographic in the text': blocks(S.typographicModel, IN_PLACE),
  'typographic in the file': blocks(S.typographicFile, IN_PLACE),
  'trailing blanks in the file': blocks(S.trailingFile, IN_PLACE),
  'trailing blanks in the text': blocks(S.trailingModel, IN_PLACE),
  'blanks in blank lines': blocks(S.blankLines, EVERY, { minLines: 3 }),
  'no line break at the end': blocks(S.plain, IN_PLACE, { atEnd: true }),
  'indented more': blocks(S.deeper),
  'indented less': blocks(S.flatter),
  'tabs in the file': blocks(S.tabsInFile),
  'tabs in the text': blocks(S.tabsInModel),
  'spaces for tabs in the text': blocks(S.spacesInModel),
  'CRLF, trailing blanks': blocks(combined(S.crlfFile, S.trailingFile), IN_PLACE),
  'typographic, CRLF': blocks(combined(S.typographicModel, S.crlfFile), IN_PLACE),
  'indented, CRLF, blank lines': blocks(combined(S.deeper, S.crlfFile, S.blankLines)),
  'indented, typographic': blocks(combined(S.deeper, S.typographicFile), IN_PLACE),
  'indented, trailing blanks, CRLF': blocks(combined(S.flatter, S.trailingFile, S.mixedEndings), IN_PLACE),
  'tabs, trailing blanks': blocks(combined(S.tabsInModel, S.trailingModel), IN_PLACE),
  'a part of lines': partial(S.plain),
  'a part of lines, CRLF': partial(S.crlfFile),
  'a part of lines, typographic': partial(S.typographicFile),
  'a part of lines, trailing blanks': partial(S.trailingFile),
  'one of two twins as it is written': twinAsWritten,
  'replace_all at several depths': everywhere,
  'replace_all of a word': wordEverywhere,
  'several edits at once': several,
};

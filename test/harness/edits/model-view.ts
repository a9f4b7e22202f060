import type { Prng } from '../shared/prng.ts';
import type { BlockChange, NewLine } from './block-change.ts';
import type { Source } from './sources.ts';
import { indentOf, typographic, withStep } from './spelling.ts';

/**
 * How file and model spell one and the same source. Each maps a line of the source; `key` names the line, so that the
 * same line is always spelled the same.
 */
export interface Spelling {
  readonly file?: (line: string, key: string) => string;
  /** Lines that the edit adds, as they have to be in the file; without it they are as in the source. */
  readonly added?: (line: string) => string;
  readonly model?: (line: string, key: string) => string;
  readonly fileEnding?: (index: number) => string;
  readonly modelEnding?: string;
  /** A changed line may lose the blanks at its end, or keep those of the file. */
  readonly looseTrail?: boolean;
}

/** Spells a source in a certain way; undefined when that does not go for this change of it. */
export type Draw = (prng: Prng, source: Source, change: BlockChange) => Spelling | undefined;

const BLANKS = ['  ', ' ', '\t', '    '];

export const SPELLINGS = {
  plain: () => ({}),
  crlfFile: () => ({ fileEnding: () => '\r\n' }),
  crlfModel: () => ({ modelEnding: '\r\n' }),
  mixedEndings: (prng) => ({
    fileEnding: (index) => (prng.fork(`ending ${index}`).chance(0.5) ? '\r\n' : '\n'),
  }),
  typographicModel: (prng) => {
    const unbroken = prng.chance(0.3);
    return { model: (line, key) => typographic(line, unbroken && !key.startsWith('added')) };
  },
  typographicFile: (prng) => {
    const unbroken = prng.chance(0.3);
    return { file: (line) => typographic(line, unbroken) };
  },
  trailingFile: (prng) => ({ file: (line, key) => line + trail(prng, key), looseTrail: true }),
  trailingModel: (prng) => ({
    model: (line, key) => (key.startsWith('line') ? line + trail(prng, key) : line),
    looseTrail: true,
  }),
  blankLines: (prng) => ({
    file: (line, key) => (line === '' ? prng.fork(key).pick(BLANKS) : line),
  }),
  deeper: (prng, source) => {
    const more = source.step === '\t' ? '\t'.repeat(prng.between(1, 3)) : ' '.repeat(prng.between(1, 8));
    return { model: (line) => (line === '' ? line : more + line) };
  },
  flatter: (prng, source, change) => {
    const lines = [
      ...source.lines.slice(change.start, change.end),
      ...change.lines.flatMap((line) => (line.kind === 'kept' ? [] : [line.text])),
    ].filter((line) => line !== '');
    const least = Math.min(...lines.map((line) => indentOf(line).length));
    if (least === 0) return undefined;
    const less = prng.between(1, least);
    if (lines.some((line) => line.slice(0, less) !== lines[0]!.slice(0, less))) return undefined;
    return { model: (line) => line.slice(Math.min(less, line.length)) };
  },
  tabsInFile: (prng, source, change) => {
    if (source.step === '\t' || !tellsStep(source, change)) return undefined;
    const width = ' '.repeat(prng.pick([2, 4, 8]));
    const toTabs = (line: string): string => withStep(line, source.step, '\t');
    return { file: toTabs, added: toTabs, model: (line) => withStep(line, source.step, width) };
  },
  tabsInModel: (_prng, source, change) =>
    source.step === '\t' || !tellsStep(source, change)
      ? undefined
      : { model: (line) => withStep(line, source.step, '\t') },
  spacesInModel: (prng, source, change) => {
    if (!tellsStep(source, change)) return undefined;
    const width = ' '.repeat(prng.pick([2, 4, 8]));
    return source.step === '\t' ? { model: (line) => withStep(line, '\t', width) } : undefined;
  },
} as const satisfies Readonly<Record<string, Draw>>;

/** Without any indentation in the old text nobody can tell what that of the new text means. */
function tellsStep(source: Source, change: BlockChange): boolean {
  return source.lines.slice(change.start, change.end).some((line) => line.startsWith(source.step));
}

function trail(prng: Prng, key: string): string {
  const own = prng.fork(key);
  return own.chance(0.4) ? own.pick(BLANKS) : '';
}

/** Both spellings, one after the other. */
export function combined(...draws: readonly Draw[]): Draw {
  return (prng, source, change) => {
    let all: Spelling = {};
    for (const draw of draws) {
      const next = draw(prng, source, change);
      if (!next) return undefined;
      all = {
        ...all,
        ...next,
        ...both('file', all, next),
        ...both('model', all, next),
        looseTrail: (all.looseTrail ?? false) || (next.looseTrail ?? false),
      };
    }
    return all;
  };
}

function both(side: 'file' | 'model', first: Spelling, second: Spelling): Spelling {
  const [one, two] = [first[side], second[side]];
  return one && two ? { [side]: (line: string, key: string) => two(one(line, key), key) } : {};
}

/** A change as the model asks for it and as it has to come out. */
export interface SpelledChange {
  readonly file: string;
  readonly oldText: string;
  readonly newText: string;
  readonly truths: readonly string[];
}

/** @param withNewline  the texts end in one; has to be so when all lines go  @param unfinished  the file's last line has no line break */
export function spell(
  source: Source,
  change: BlockChange,
  spelling: Spelling,
  withNewline: boolean,
  unfinished = false,
): SpelledChange {
  const { file = same, added = same, model = same, modelEnding = '\n' } = spelling;
  const last = source.lines.length - 1;
  const ending = (index: number): string =>
    unfinished && index === last ? '' : (spelling.fileEnding?.(index) ?? '\n');
  const fileLine = (index: number): string => file(source.lines[index]!, `line ${index}`);
  const whole = source.lines.map((_, index) => fileLine(index) + ending(index));

  const oldLines = source.lines
    .slice(change.start, change.end)
    .map((line, i) => model(line, `line ${change.start + i}`));
  const newLines = change.lines.map((line, i) =>
    line.kind === 'kept'
      ? model(source.lines[line.index]!, `line ${line.index}`)
      : model(line.text, `${line.kind === 'changed' ? 'changed' : 'added'} ${i}`),
  );
  const close = (lines: readonly string[]): string =>
    lines.length === 0 ? '' : lines.join(modelEnding) + (withNewline ? modelEnding : '');

  const lastLine = fileLine(change.end - 1);
  // Blanks behind a text that ends before them were no part of it and stay, or go with the line.
  const behind = spelling.looseTrail && !withNewline ? lastLine.slice(lastLine.trimEnd().length) : '';
  const truth = (keepsTrail: boolean, neighbour: string, keepsBehind: boolean): string => {
    const lines = change.lines.map((line, i) => spelledNewLine(line, i, keepsTrail, neighbour));
    const final = lines.at(-1);
    // Without its line break the last line goes on as the block's last line did.
    if (final) final.end = withNewline && !unfinished ? final.end : ending(change.end - 1);
    if (final && keepsBehind) {
      const own =
        lines[change.lines.findIndex((line) => line.kind === 'kept' && line.index === change.end - 1)];
      if (own) own.text = own.text.trimEnd();
      final.text = final.text.trimEnd() + behind;
    }
    const text = lines.map((line) => line.text + line.end).join('');
    return whole.slice(0, change.start).join('') + text + whole.slice(change.end).join('');
  };
  const truths = [true, false].flatMap((keepsTrail) =>
    ['before', 'after'].flatMap((neighbour) =>
      [true, false].map((keepsBehind) => truth(keepsTrail, neighbour, keepsBehind)),
    ),
  );
  return {
    file: whole.join(''),
    oldText: close(oldLines),
    newText: close(newLines),
    truths: [...new Set(truths)],
  };

  function spelledNewLine(line: NewLine, i: number, keepsTrail: boolean, neighbour: string) {
    if (line.kind === 'kept') return { text: fileLine(line.index), end: ending(line.index) || '\n' };
    if (line.kind === 'changed') {
      const text = file(line.text, `line ${line.index}`);
      return {
        text: keepsTrail || !spelling.looseTrail ? text : text.trimEnd(),
        end: ending(line.index) || '\n',
      };
    }
    const before = change.lines.slice(0, i).toReversed();
    const after = change.lines.slice(i + 1);
    const ordered = neighbour === 'before' ? [...before, ...after] : [...after, ...before];
    const near = ordered.find((other) => other.kind !== 'added');
    const index = near?.kind === 'kept' || near?.kind === 'changed' ? near.index : change.start;
    return { text: added(line.text), end: ending(index) || (spelling.fileEnding?.(index) ?? '\n') };
  }
}

const same = (line: string): string => line;

/** What an indentation of a model's text is in the file; `undefined` when it has none there. */
export type IndentShift = (indent: string) => string | undefined;

/** A line's indentation as the model wrote it, and in the file; spaces and tabs only. */
export interface IndentPair {
  readonly old: string;
  readonly found: string;
}

const TAB_WIDTHS = [4, 2, 8, 3];

/** By what the two texts indent, for what the block itself does not tell. */
export interface IndentSteps {
  /** Of the new text, in spaces. */
  readonly ofNew: number;
  /** All indentations of the new text that are spaces. */
  readonly newSpaces: readonly number[];
  /** Of the file, in spaces; asked for only where it matters. `undefined` where it does not tell, or indents by tabs. */
  readonly ofFile: () => number | undefined;
}

/**
 * The one change of indentation that makes all lines of a block those of the file: the same blanks added to each, the
 * same taken from each, or tabs for so many spaces (or spaces for tabs), with the same difference in depth.
 * @param pairs  of the block's lines that are not blank; at least one
 * @returns `undefined` when there is none: the block has another shape in the file
 */
export function indentShift(pairs: readonly IndentPair[], steps: IndentSteps): IndentShift | undefined {
  return (
    addedPrefix(pairs, steps) ??
    removedPrefix(pairs) ??
    tabsForSpaces(pairs, steps) ??
    spacesForTabs(pairs, steps)
  );
}

function addedPrefix(pairs: readonly IndentPair[], steps: IndentSteps): IndentShift | undefined {
  const { old, found } = pairs[0]!;
  const prefix = found.slice(0, found.length - old.length);
  if (!pairs.every((pair) => pair.found === prefix + pair.old)) return undefined;
  const isFlat = pairs.every((pair) => pair.old === '');
  // A flat block does not say how deep its depths are. In a file that indents by tabs they are tabs, else spaces.
  if (isFlat && /^\t+$/.test(prefix)) {
    return (indent) => prefix + indent.replaceAll(' '.repeat(steps.ofNew), '\t');
  }
  if (isFlat) {
    return (indent) => prefix + (indent.includes('\t') ? tabsAs(steps.ofFile(), prefix, indent) : indent);
  }
  return (indent) => prefix + indent;
}

function tabsAs(step: number | undefined, prefix: string, indent: string): string {
  const isSteps = step !== undefined && /^ *$/.test(prefix) && prefix.length % step === 0;
  return isSteps ? indent.replaceAll('\t', ' '.repeat(step)) : indent;
}

function removedPrefix(pairs: readonly IndentPair[]): IndentShift | undefined {
  const { old, found } = pairs[0]!;
  const prefix = old.slice(0, old.length - found.length);
  if (!pairs.every((pair) => pair.old === prefix + pair.found)) return undefined;
  return (indent) => (indent.startsWith(prefix) ? indent.slice(prefix.length) : undefined);
}

/** Spaces of the model, tabs in the file. What is over after the last tab aligns a text and stays. */
function tabsForSpaces(pairs: readonly IndentPair[], { newSpaces }: IndentSteps): IndentShift | undefined {
  const lines = pairs.map(({ old, found }) => ({ spaces: spacesOf(old), depth: depthOf(found) }));
  const ratio = ratioOf(lines, ({ width, more }) =>
    newSpaces.every((spaces) => spaces >= more && (spaces - more) % width === 0),
  );
  if (!ratio) return undefined;
  const { width, more } = ratio;
  return (indent) => {
    const spaces = spacesOf(indent);
    if (spaces === undefined || spaces < more) return undefined;
    return '\t'.repeat(Math.floor((spaces - more) / width)) + ' '.repeat((spaces - more) % width);
  };
}

/** Tabs of the model, spaces in the file. */
function spacesForTabs(pairs: readonly IndentPair[], { ofFile }: IndentSteps): IndentShift | undefined {
  const lines = pairs.map(({ old, found }) => ({ spaces: spacesOf(found), depth: depthOf(old) }));
  const ratio = ratioOf(lines, ({ width }) => width === ofFile());
  if (!ratio) return undefined;
  const { width, more } = ratio;
  return (indent) => {
    const depth = depthOf(indent);
    const spaces = depth && depth.tabs * width + depth.spaces + more;
    return spaces === undefined || spaces < 0 ? undefined : ' '.repeat(spaces);
  };
}

interface Depth {
  readonly tabs: number;
  readonly spaces: number;
}

interface Ratio {
  readonly width: number;
  readonly more: number;
}

/**
 * How many spaces a tab stands for, and how many more there are throughout, in whole tabs. Where several would do, those
 * that are likely come first, then one without a difference in depth, then the usual ones.
 */
function ratioOf(
  lines: readonly { readonly spaces: number | undefined; readonly depth: Depth | undefined }[],
  isLikely: (ratio: Ratio) => boolean,
): Ratio | undefined {
  const ratios: Ratio[] = [];
  for (const width of TAB_WIDTHS) {
    const rests = lines.map(({ spaces, depth }) =>
      spaces === undefined || depth === undefined || depth.spaces >= width
        ? undefined
        : spaces - depth.tabs * width - depth.spaces,
    );
    const [more] = rests;
    if (more !== undefined && more % width === 0 && rests.every((rest) => rest === more))
      ratios.push({ width, more });
  }
  if (ratios.length < 2) return ratios[0];
  const likely = ratios.filter(isLikely);
  const best = likely.length > 0 ? likely : ratios;
  return best.find(({ more }) => more === 0) ?? best[0];
}

function spacesOf(indent: string): number | undefined {
  return indent.includes('\t') ? undefined : indent.length;
}

/** Tabs, then spaces. */
function depthOf(indent: string): Depth | undefined {
  const tabs = indent.lastIndexOf('\t') + 1;
  return indent.slice(0, tabs).includes(' ') ? undefined : { tabs, spaces: indent.length - tabs };
}

/** What an indentation of a model's text is in the file; `undefined` when it has none there. */
export type IndentShift = (indent: string) => string | undefined;

/** A line's indentation as the model wrote it, and in the file; spaces and tabs only. */
export interface IndentPair {
  readonly old: string;
  readonly found: string;
}

const TAB_WIDTHS = [4, 2, 8, 3];

/**
 * The one change of indentation that makes all lines of a block those of the file: the same blanks added to each, the
 * same taken from each, or tabs for so many spaces (or spaces for tabs), with the same difference in depth.
 * @param pairs  of the block's lines that are not blank; at least one
 * @param step  spaces by which the new text indents: what a tab is where the block itself does not tell
 * @returns `undefined` when there is none: the block has another shape in the file
 */
export function indentShift(pairs: readonly IndentPair[], step: number): IndentShift | undefined {
  return addedPrefix(pairs, step) ?? removedPrefix(pairs) ?? tabsForSpaces(pairs) ?? spacesForTabs(pairs);
}

function addedPrefix(pairs: readonly IndentPair[], step: number): IndentShift | undefined {
  const { old, found } = pairs[0]!;
  const prefix = found.slice(0, found.length - old.length);
  if (!pairs.every((pair) => pair.found === prefix + pair.old)) return undefined;
  const isFlat = pairs.every((pair) => pair.old === '');
  if (!isFlat || !/^\t+$/.test(prefix)) return (indent) => prefix + indent;
  // A flat block does not say how deep its depths are. In a file that indents by tabs they are tabs.
  return (indent) => prefix + indent.replaceAll(' '.repeat(step), '\t');
}

function removedPrefix(pairs: readonly IndentPair[]): IndentShift | undefined {
  const { old, found } = pairs[0]!;
  const prefix = old.slice(0, old.length - found.length);
  if (!pairs.every((pair) => pair.old === prefix + pair.found)) return undefined;
  return (indent) => (indent.startsWith(prefix) ? indent.slice(prefix.length) : undefined);
}

/** Spaces of the model, tabs in the file. What is over after the last tab aligns a text and stays. */
function tabsForSpaces(pairs: readonly IndentPair[]): IndentShift | undefined {
  const lines = pairs.map(({ old, found }) => ({ spaces: spacesOf(old), depth: depthOf(found) }));
  const ratio = ratioOf(lines);
  if (!ratio) return undefined;
  const { width, more } = ratio;
  return (indent) => {
    const spaces = spacesOf(indent);
    if (spaces === undefined || spaces < more) return undefined;
    return '\t'.repeat(Math.floor((spaces - more) / width)) + ' '.repeat((spaces - more) % width);
  };
}

/** Tabs of the model, spaces in the file. */
function spacesForTabs(pairs: readonly IndentPair[]): IndentShift | undefined {
  const lines = pairs.map(({ old, found }) => ({ spaces: spacesOf(found), depth: depthOf(old) }));
  const ratio = ratioOf(lines);
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

/**
 * How many spaces a tab stands for, and how many more there are throughout, in whole tabs. Where several would do, one
 * without a difference in depth comes first, then the usual ones.
 */
function ratioOf(
  lines: readonly { readonly spaces: number | undefined; readonly depth: Depth | undefined }[],
): { readonly width: number; readonly more: number } | undefined {
  const ratios: { readonly width: number; readonly more: number }[] = [];
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
  return ratios.find(({ more }) => more === 0) ?? ratios[0];
}

function spacesOf(indent: string): number | undefined {
  return indent.includes('\t') ? undefined : indent.length;
}

/** Tabs, then spaces. */
function depthOf(indent: string): Depth | undefined {
  const tabs = indent.lastIndexOf('\t') + 1;
  return indent.slice(0, tabs).includes(' ') ? undefined : { tabs, spaces: indent.length - tabs };
}

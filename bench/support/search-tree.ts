import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface SearchCase {
  readonly name: string;
  /** As the tool takes it. */
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** Whether lines are counted, not shown: of a common word there are too many to show. */
  readonly counts: boolean;
}

export const SEARCH_CASES: readonly SearchCase[] = [
  { name: 'rare literal', pattern: 'needleInHaystack', ignoreCase: false, counts: false },
  { name: 'common word', pattern: 'session', ignoreCase: false, counts: true },
  {
    name: 'alternation',
    pattern: '\\b(?:class|interface|enum)\\s+[A-Z]\\w*Registry\\b',
    ignoreCase: false,
    counts: false,
  },
  { name: 'ignoring case', pattern: 'NEEDLEinhaystack', ignoreCase: true, counts: false },
  // Nothing in it that a file must hold literally.
  { name: 'anchored', pattern: '^\\s*(?:class|enum)\\s+(?:index|value)\\b', ignoreCase: false, counts: true },
  { name: 'no match', pattern: 'zebraCrossing\\(\\d+\\)', ignoreCase: false, counts: false },
];

const FILES = 2_100;
const FILE_BYTES = 25_000;
const WORDS =
  'const let return function import export class interface await async value index length string number session workspace result message buffer handle error options config request response'.split(
    ' ',
  );

/** The files of the tree, the same every time: most are ASCII, every tenth is not, a few lines are to be found. */
export function* treeFiles(): Generator<[path: string, text: string]> {
  let state = 7;
  const below = (end: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  for (let index = 0; index < FILES; index += 1) {
    let text = index % 10 === 0 ? '// Größe, naïve, 文字\n' : '';
    while (text.length < FILE_BYTES) {
      const words = Array.from({ length: 3 + below(9) }, () => WORDS[below(WORDS.length)]!);
      text += `${'  '.repeat(below(4))}${words.join(' ')}(x${below(1_000)});\n`;
    }
    if (index % 700 === 350) text += 'export class SessionRegistry extends needleInHaystack {}\n';
    yield [`src/d${index % 50}/module-${index}.ts`, text];
  }
}

export function writeTree(directory: string): void {
  for (const [path, text] of treeFiles()) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

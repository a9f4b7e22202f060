/** One measurement of `search`, in a process of its own. Run by it: npm run bench -- search */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchTool } from '../src/tools/search.ts';
import { fromFiles } from '../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../src/workspace/overlay-workspace.ts';
import { comparePaths } from '../src/workspace/paths.ts';
import { answerParent, taskOfThisChild } from './support/child.ts';
import { SEARCH_CASES, treeFiles } from './support/search-tree.ts';
import { median } from './support/statistics.ts';

export interface SearchTask {
  readonly caseName: string;
  /** Where the tree lies as files. */
  readonly directory: string;
}

/** Milliseconds a search, the middle one of some. */
export interface SearchTimes {
  readonly tool: number;
  readonly lines: number;
  readonly texts: number;
}

const ROUNDS = 9;
const WARM_UP_ROUNDS = 2;

const { caseName, directory } = taskOfThisChild<SearchTask>();
const { pattern, ignoreCase, counts } = SEARCH_CASES.find(({ name }) => name === caseName)!;
const files = new Map(treeFiles());
const paths = [...files.keys()].sort(comparePaths);
const workspace = new OverlayWorkspace({ images: [fromFiles(files)] });
files.clear();

const ways = { tool: withTool, lines: onLines, texts: onTexts };
const times: Record<keyof SearchTimes, number[]> = { tool: [], lines: [], texts: [] };
const answers = new Set<string>();
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
  for (const [name, way] of Object.entries(ways) as [keyof SearchTimes, () => string][]) {
    const begin = performance.now();
    const answer = way();
    const time = performance.now() - begin;
    if (round >= 0) times[name].push(time);
    answers.add(answer);
  }
}
if (answers.size !== 1)
  throw new Error(`the ways differ: ${[...answers].map((text) => text.slice(0, 200)).join('\n')}`);
answerParent({ tool: median(times.tool), lines: median(times.lines), texts: median(times.texts) });

/** The answer in a form that all ways share: the lines that were found, or how many. */
function withTool(): string {
  const tool = searchTool('search');
  const input = { pattern, ignore_case: ignoreCase, max_results: 2_000, mode: counts ? 'count' : 'content' };
  const signal = new AbortController().signal;
  const answer = String(tool.execute(input as never, { workspace, signal, sessionId: 'bench' }));
  if (!counts) return answer.startsWith('No matches') ? '' : answer;
  return /\[(\d+) matching lines/.exec(answer)?.[1] ?? answer;
}

function onLines(): string {
  const regex = new RegExp(pattern, ignoreCase ? 'i' : '');
  const found: string[] = [];
  let count = 0;
  for (const path of paths) {
    const lines = readFileSync(join(directory, path), 'utf8').split('\n');
    for (let index = 0; index < lines.length; index += 1) {
      const line = lines[index]!;
      if (!regex.test(line)) continue;
      count += 1;
      if (!counts) found.push(`${path}:${index + 1}:${line}`);
    }
  }
  return counts ? String(count) : found.join('\n');
}

function onTexts(): string {
  const regex = new RegExp(pattern, ignoreCase ? 'gmi' : 'gm');
  const found: string[] = [];
  let count = 0;
  for (const path of paths) {
    const text = readFileSync(join(directory, path), 'utf8');
    let line = 1;
    let counted = 0;
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match; match = regex.exec(text)) {
      count += 1;
      const newline = text.indexOf('\n', match.index);
      const end = newline === -1 ? text.length : newline;
      if (!counts) {
        for (
          let at = text.indexOf('\n', counted);
          at !== -1 && at < match.index;
          at = text.indexOf('\n', at + 1)
        )
          line += 1;
        counted = match.index;
        found.push(`${path}:${line}:${text.slice(text.lastIndexOf('\n', match.index) + 1, end)}`);
      }
      regex.lastIndex = end + 1;
    }
  }
  return counts ? String(count) : found.join('\n');
}

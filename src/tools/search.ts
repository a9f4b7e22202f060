import { comparePaths, resolvePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { bytesOf, decodeText, isBinary } from './file-bytes.ts';
import { findFiles, type FoundFiles } from './find-files.ts';
import { ignoredHint } from './list.ts';
import { searchable } from './match-lines.ts';
import { LIMITS_OWN_OUTPUT, MAX_OUTPUT_LINES } from './output.ts';
import { searchPattern, type SearchPattern } from './search-pattern.ts';
import { SearchResults, type SearchMode } from './search-results.ts';
import { runWithin, TimeLimitExceeded } from './time-limit.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

const DEFAULT_MAX_RESULTS = 100;
const MAX_CONTEXT_LINES = 50;
/** For all files together; 50 MB take about a twentieth of it with an ordinary pattern. */
const LIMIT_MS = 3_000;

export interface SearchInput {
  readonly pattern: string;
  readonly path?: string;
  readonly glob?: string;
  readonly mode?: SearchMode;
  readonly max_results?: number;
  /** Results to skip. */
  readonly offset?: number;
  readonly before?: number;
  readonly after?: number;
  readonly context?: number;
  readonly ignore_case?: boolean;
  readonly multiline?: boolean;
  readonly literal?: boolean;
  readonly include_ignored?: boolean;
}

/**
 * Searches text files with a JavaScript regular expression, line by line unless asked otherwise, as `path:line:content` in
 * the order of paths (LC-7). A pattern that never ends is stopped, and the thread goes on.
 * @param limitMs  for one call
 */
export function searchTool(name: string, limitMs: number = LIMIT_MS): Tool {
  return {
    name,
    description:
      'Search the lines of text files with a regular expression (JavaScript syntax; a leading (?i) ignores case). ' +
      'Answers "path:line:content", one matching line each; mode="files_with_matches" answers paths, mode="count" matching lines per file. ' +
      'Left out unless named: hidden files, what .gitignore ignores, .git, node_modules, __pycache__.',
    parameters: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'Regular expression' },
        path: { type: 'string', description: 'Directory or file to search (default: all files)' },
        glob: {
          type: 'string',
          minLength: 1,
          description: 'Only files that match, such as "*.{ts,tsx}" or "src/**, !**/*.test.ts"',
        },
        mode: { type: 'string', enum: ['content', 'files_with_matches', 'count'] },
        max_results: {
          type: 'integer',
          minimum: 1,
          description: `Matches to show, or files (default ${DEFAULT_MAX_RESULTS})`,
        },
        offset: { type: 'integer', minimum: 0, description: 'Results to skip (default 0)' },
        before: { type: 'integer', minimum: 0, description: 'Lines to show before each match' },
        after: { type: 'integer', minimum: 0, description: 'Lines to show after each match' },
        context: { type: 'integer', minimum: 0, description: 'Lines to show before and after' },
        ignore_case: { type: 'boolean' },
        literal: { type: 'boolean', description: 'Take pattern as plain text' },
        multiline: { type: 'boolean', description: 'Matches may span lines; . matches line breaks too' },
        include_ignored: { type: 'boolean', description: 'Also ignored files, node_modules and the like' },
      },
      required: ['pattern'],
      additionalProperties: false,
    },
    readOnly: true,
    execute(input: SearchInput, { workspace }) {
      const pattern = searchPattern(input.pattern, {
        ignoreCase: input.ignore_case === true,
        literal: input.literal === true,
        multiline: input.multiline === true,
      });
      const search = new Search(workspace, input, pattern);
      try {
        runWithin(limitMs, () => search.run());
      } catch (error) {
        throw error instanceof TimeLimitExceeded ? search.stopped(limitMs) : refused(error, input.pattern);
      }
      return search.answer();
    },
    [LIMITS_OWN_OUTPUT]: true,
  } as Tool;
}

/** One call. What it has found is there to be told when it is stopped in the middle. */
class Search {
  readonly #workspace: Workspace;
  readonly #input: SearchInput;
  readonly #pattern: SearchPattern;
  readonly #results: SearchResults;
  #found: FoundFiles | undefined;
  #searched = 0;

  constructor(workspace: Workspace, input: SearchInput, pattern: SearchPattern) {
    this.#workspace = workspace;
    this.#input = input;
    this.#pattern = pattern;
    const context = input.context ?? 0;
    this.#results = new SearchResults({
      mode: input.mode ?? 'content',
      offset: input.offset ?? 0,
      max: Math.min(input.max_results ?? DEFAULT_MAX_RESULTS, MAX_OUTPUT_LINES),
      before: Math.min(input.before ?? context, MAX_CONTEXT_LINES),
      after: Math.min(input.after ?? context, MAX_CONTEXT_LINES),
    });
  }

  run(): void {
    this.#found = filesToSearch(this.#workspace, this.#input);
    for (const file of this.#found.files) {
      this.#searchFile(file);
      if (this.#results.isComplete) return;
      this.#searched++;
    }
  }

  #searchFile(file: string): void {
    const bytes = bytesOf(this.#workspace, file);
    const { needles } = this.#pattern;
    if (needles && !needles.some((needle) => bytes.includes(needle))) return;
    const text = decodeText(bytes);
    if (text !== undefined) this.#results.add(file, searchable(text), this.#pattern);
  }

  answer(): string {
    const { text, shown, isCut, fileCount, matchCount } = this.#results;
    const { mode = 'content', offset = 0 } = this.#input;
    if (shown === 0) return this.#nothing();
    const notes: string[] = [];
    if (isCut) {
      const what = mode === 'content' ? 'matches' : 'files';
      notes.push(
        `\n[Cut at ${shown} ${what}: narrow the pattern, path or glob, or go on with offset=${offset + shown}.]`,
      );
    }
    if (mode === 'count') {
      notes.push(
        `\n[${plural(matchCount, this.#pattern.multiline ? 'match' : 'matching line')} in ${plural(fileCount, 'file')}]`,
      );
    }
    return text + notes.join('');
  }

  #nothing(): string {
    const { pattern, path = '.', glob, mode = 'content', offset = 0 } = this.#input;
    const { matchCount, fileCount } = this.#results;
    const { files, ignoredCount } = this.#found!;
    if (matchCount > 0) {
      const total = mode === 'content' ? plural(matchCount, 'match') : plural(fileCount, 'file');
      return `No more matches for ${pattern}: offset ${offset} is past the end of ${total}.`;
    }
    const under = path === '.' ? '' : ` under ${path}`;
    if (files.length === 0 && glob !== undefined) {
      return `No matches for ${pattern}: no files match ${glob}${under}.${ignoredHint(ignoredCount)}`;
    }
    const hints = [ignoredHint(ignoredCount)];
    if (this.#pattern.wantsLineBreak)
      hints.push(' Lines are searched one by one; multiline=true lets a match span them.');
    const binaryCount = files.filter((file) => isBinary(bytesOf(this.#workspace, file))).length;
    if (binaryCount > 0) hints.push(` (${plural(binaryCount, 'binary file')} not searched.)`);
    return `No matches for ${pattern}.${hints.join('')}`;
  }

  /** The answer when the time is over. */
  stopped(limitMs: number): ToolFailure {
    const { text, shown } = this.#results;
    if (!this.#found) {
      return new ToolFailure(
        `the search took longer than ${limitMs / 1_000} s to list files; use a simpler glob`,
      );
    }
    const { files } = this.#found;
    return new ToolFailure(
      `the search was stopped after ${limitMs / 1_000} s, in ${files[this.#searched]} (file ${this.#searched + 1} of ${files.length}). ` +
        'Nested repetitions such as (a+)+ can take for ever: simplify the pattern, search for a literal part of it, or narrow path or glob. ' +
        (shown === 0 ? 'Nothing was found so far.' : `Found so far:\n${text}`),
    );
  }
}

function filesToSearch(workspace: Workspace, input: SearchInput): FoundFiles {
  const { path = '.', glob = '**/*' } = input;
  if (workspace.stat(path)?.kind === 'file') return { files: [resolvePath(path)], ignoredCount: 0 };
  const found = findFiles(workspace, {
    directory: path,
    globs: glob,
    matchBase: true,
    includeIgnored: input.include_ignored === true,
  });
  found.files.sort(comparePaths);
  return found;
}

/** Some patterns compile and cannot be run. */
function refused(error: unknown, pattern: string): unknown {
  if (error instanceof SyntaxError || error instanceof RangeError) {
    return new ToolFailure(`the pattern ${pattern} is too large to be run (${error.message}); simplify it`);
  }
  return error;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : noun.endsWith('ch') ? 'es' : 's'}`;
}

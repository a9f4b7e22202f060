import { comparePaths, resolvePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findFiles } from './glob.ts';
import { headChars } from '../head-chars.ts';
import { textOf, withoutBom } from './text-file.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

const DEFAULT_MAX_RESULTS = 100;
/** More lines than this no result may hold. */
const MAX_RESULTS = 2_000;
const MAX_LINE_CHARS = 500;

export interface SearchInput {
  readonly pattern: string;
  readonly path?: string;
  readonly glob?: string;
  readonly max_results?: number;
}

/**
 * Searches text files line by line with a JavaScript regular expression, as `path:line:content` in the order of paths
 * (LC-7). A pattern that never ends is not this tool's matter: the watchdog ends the thread.
 */
export function searchTool(name: string): Tool {
  return {
    name,
    description:
      'Search the lines of text files with a regular expression (JavaScript syntax; a leading (?i) ignores case). ' +
      'Answers "path:line:content", one match a line.',
    parameters: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'Regular expression' },
        path: { type: 'string', description: 'Directory or file to search (default: all files)' },
        glob: { type: 'string', minLength: 1, description: 'Only files that match, such as "*.ts"' },
        max_results: {
          type: 'integer',
          minimum: 1,
          description: `Matches to show (default ${DEFAULT_MAX_RESULTS})`,
        },
      },
      required: ['pattern'],
      additionalProperties: false,
    },
    readOnly: true,
    execute({ pattern, path = '.', glob, max_results = DEFAULT_MAX_RESULTS }: SearchInput, { workspace }) {
      const search = lineSearch(pattern);
      const max = Math.min(max_results, MAX_RESULTS);
      const found: string[] = [];
      for (const file of filesToSearch(workspace, path, glob ?? null)) {
        // One more than is shown, to know whether there are more.
        search(workspace, file, found, max + 1);
        if (found.length > max) {
          return `${found.slice(0, max).join('\n')}\n[Cut at ${max} matches: narrow the pattern, path or glob.]`;
        }
      }
      return found.length === 0 ? `No matches for ${pattern}.` : found.join('\n');
    },
  };
}

function filesToSearch(workspace: Workspace, path: string, glob: string | null): string[] {
  if (workspace.stat(path)?.kind === 'file') return [resolvePath(path)];
  return findFiles(workspace, path, glob, { matchBase: true }).sort(comparePaths);
}

/** Adds the matching lines of one file, until `found` holds `max`. */
type LineSearch = (workspace: Workspace, file: string, found: string[], max: number) => void;

function lineSearch(pattern: string): LineSearch {
  const regex = compile(pattern);
  // A pattern without special characters is in the file or the file need not be looked at line by line.
  const literal = regex.flags === '' && !/[\\^$.*+?()[\]{}|]/.test(pattern) ? pattern : undefined;
  return (workspace, file, found, max) => {
    const stored = textOf(workspace, file);
    if (stored === undefined || (literal !== undefined && !stored.includes(literal))) return;
    const text = withoutBom(stored);
    for (let at = 0, line = 1; at < text.length && found.length < max; line++) {
      const newline = text.indexOf('\n', at);
      const end = newline === -1 ? text.length : newline;
      const content = text.slice(at, end > at && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
      if (regex.test(content)) found.push(`${file}:${line}:${shortened(content)}`);
      at = end + 1;
    }
  };
}

function compile(pattern: string): RegExp {
  const ignoreCase = pattern.startsWith('(?i)');
  const source = ignoreCase ? pattern.slice(4) : pattern;
  try {
    // Classes by property need the flag; everything else is kinder without it, as it refuses needless escapes.
    return new RegExp(source, (ignoreCase ? 'i' : '') + (/\\[pP]\{/.test(source) ? 'u' : ''));
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : 'refused';
    throw new ToolFailure(`invalid regular expression ${reason}`);
  }
}

function shortened(line: string): string {
  return line.length > MAX_LINE_CHARS
    ? `${headChars(line, MAX_LINE_CHARS)}… [line cut: ${line.length} characters]`
    : line;
}

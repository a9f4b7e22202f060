import { findFiles, type FoundFiles } from './find-files.ts';
import { headOf, LIMITS_OWN_OUTPUT, MAX_OUTPUT_BYTES } from './output.ts';
import { runWithin, TimeLimitExceeded } from './time-limit.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

const MAX_FILES = 200;
/** For globs that are slow to match; 50,000 files take a small part of it. */
const LIMIT_MS = 3_000;

export interface ListInput {
  readonly pattern?: string;
  readonly path?: string;
  /** Files to skip. */
  readonly offset?: number;
  readonly include_ignored?: boolean;
}

/**
 * Lists files by glob, most recently changed first (LC-6).
 * @param limitMs  for one call
 */
export function listTool(name: string, limitMs: number = LIMIT_MS): Tool {
  return {
    name,
    description:
      `List files, most recently changed first, at most ${MAX_FILES} at a time. pattern is a glob relative to path, such as "**/*.{ts,tsx}"; ` +
      'several are separated by commas, "!" leaves out: "src/**, !**/*.test.ts". ' +
      'Left out unless named: hidden files, what .gitignore ignores, .git, node_modules, __pycache__.',
    parameters: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'Glob (default "**/*")' },
        path: { type: 'string', description: 'Directory to start from (default: all files)' },
        offset: { type: 'integer', minimum: 0, description: 'Files to skip (default 0)' },
        include_ignored: { type: 'boolean', description: 'Also ignored files, node_modules and the like' },
      },
      additionalProperties: false,
    },
    readOnly: true,
    execute({ pattern = '**/*', path = '.', offset = 0, include_ignored = false }: ListInput, { workspace }) {
      let found: FoundFiles | undefined;
      try {
        runWithin(limitMs, () => {
          found = findFiles(workspace, { directory: path, globs: pattern, includeIgnored: include_ignored });
        });
      } catch (error) {
        if (!(error instanceof TimeLimitExceeded)) throw error;
        throw new ToolFailure(
          `the glob ${pattern} took longer than ${limitMs / 1_000} s to match; use fewer wildcards in a name`,
        );
      }
      return showFiles(found!, pattern, path, offset);
    },
    [LIMITS_OWN_OUTPUT]: true,
  } as Tool;
}

function showFiles(
  { files, ignoredCount }: FoundFiles,
  pattern: string,
  path: string,
  offset: number,
): string {
  if (files.length === 0)
    return `No files match ${pattern}${path === '.' ? '' : ` under ${path}`}.${ignoredHint(ignoredCount)}`;
  if (offset >= files.length) return `(offset ${offset} is past the end: ${files.length} files match)`;
  let page = files.slice(offset, offset + MAX_FILES).join('\n');
  const fitting = headOf(page, MAX_OUTPUT_BYTES);
  // Whole paths only, so that going on at the named offset misses none.
  if (fitting.length < page.length) page = page.slice(0, page.lastIndexOf('\n', fitting.length));
  const next = offset + page.split('\n').length;
  if (next >= files.length) return page;
  return `${page}\n... and ${files.length - next} more (${files.length} in all; go on with offset=${next})`;
}

/** For an answer that found nothing. */
export function ignoredHint(ignoredCount: number): string {
  if (ignoredCount === 0) return '';
  const what = ignoredCount === 1 ? '1 ignored file was' : `${ignoredCount} ignored files were`;
  return ` ${what} left out: include_ignored=true takes ${ignoredCount === 1 ? 'it' : 'them'}.`;
}

import { findFiles } from './glob.ts';
import type { Tool } from './tool.ts';

const MAX_FILES = 200;

export interface ListInput {
  readonly pattern?: string;
  readonly path?: string;
}

/** Lists files by glob, most recently changed first (LC-6). */
export function listTool(name: string): Tool {
  return {
    name,
    description:
      'List files, most recently changed first. pattern is a glob relative to path, such as "**/*.ts"; ' +
      `at most ${MAX_FILES} are shown. Hidden files, .git, node_modules and __pycache__ are left out unless the pattern names them.`,
    parameters: {
      type: 'object',
      properties: {
        pattern: { type: 'string', minLength: 1, description: 'Glob (default "**/*")' },
        path: { type: 'string', description: 'Directory to start from (default: all files)' },
      },
      additionalProperties: false,
    },
    readOnly: true,
    execute({ pattern = '**/*', path = '.' }: ListInput, { workspace }) {
      const files = findFiles(workspace, path, pattern);
      if (files.length === 0) return `No files match ${pattern}${path === '.' ? '' : ` under ${path}`}.`;
      if (files.length <= MAX_FILES) return files.join('\n');
      return `${files.slice(0, MAX_FILES).join('\n')}\n... and ${files.length - MAX_FILES} more`;
    },
  };
}

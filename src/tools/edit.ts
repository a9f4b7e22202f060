import { editText } from './edit-text.ts';
import type { Tool } from './tool.ts';

export interface EditInput {
  readonly path: string;
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all?: boolean;
}

/** Of one text that is replaced in many places, the first few show how. */
const MAX_HUNKS = 3;

/** Replaces a text that occurs once, or everywhere with `replace_all` (LC-5, CA-21). */
export function editTool(name: string): Tool {
  return {
    name,
    description:
      'Change a part of a text file: replaces old_string by new_string. old_string must be the exact text of the file, without line numbers, and occur exactly once; ' +
      'add surrounding lines to make it unique, or pass replace_all=true to change every occurrence.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', minLength: 1, description: 'Path of the file' },
        old_string: { type: 'string', description: 'The text to replace' },
        new_string: { type: 'string', description: 'The text that comes in its place' },
        replace_all: { type: 'boolean', description: 'Change every occurrence (default false)' },
      },
      required: ['path', 'old_string', 'new_string'],
      additionalProperties: false,
    },
    execute: (input: EditInput, { workspace }) =>
      editText(workspace, input.path, [input], { maxHunks: MAX_HUNKS }),
  };
}

import { editText, type EditArguments } from './edit-text.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

const MAX_EDITS = 1_000;
/** Changes that the answer shows; the cap on every tool's output comes on top. */
const MAX_HUNKS = 1_000;

export interface MultiEditInput {
  readonly path: string;
  readonly edits: readonly EditArguments[];
}

/** Several edits of one file against its text as it is: all or nothing. */
export function multiEditTool(name: string): Tool {
  return {
    name,
    description:
      'Change several parts of one text file at once. Each edit replaces its old_string, which must be the exact text of the file and occur exactly once (or everywhere with replace_all=true). ' +
      'All edits see the file as it was before the call, and must not overlap; if one cannot be made, none is.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', minLength: 1, description: 'Path of the file' },
        edits: {
          type: 'array',
          minItems: 1,
          description: `The edits, at most ${MAX_EDITS}`,
          items: {
            type: 'object',
            properties: {
              old_string: { type: 'string', description: 'The text to replace' },
              new_string: { type: 'string', description: 'The text that comes in its place' },
              replace_all: { type: 'boolean', description: 'Change every occurrence (default false)' },
            },
            required: ['old_string', 'new_string'],
            additionalProperties: false,
          },
        },
      },
      required: ['path', 'edits'],
      additionalProperties: false,
    },
    execute({ path, edits }: MultiEditInput, { workspace }) {
      if (edits.length > MAX_EDITS) {
        throw new ToolFailure(
          `${edits.length} edits are more than the ${MAX_EDITS} of one call; make several calls`,
        );
      }
      return editText(workspace, path, edits, { maxHunks: MAX_HUNKS });
    },
  };
}

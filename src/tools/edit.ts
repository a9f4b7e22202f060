import { describeEdit } from './describe-edit.ts';
import { EDIT_LEVELS, type Replacement } from './edit-levels.ts';
import { readTextFile } from './text-file.ts';
import { ToolFailure } from './tool-failure.ts';
import type { Tool } from './tool.ts';

/** Places that one call may change, and characters of the file it may make: checked before anything is built. */
const MAX_REPLACEMENTS = 100_000;
const MAX_RESULT_CHARS = 32 * 1024 * 1024;
const LONE_SURROGATE = /\p{Cs}/u;

export interface EditInput {
  readonly path: string;
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all?: boolean;
}

/** Replaces a text that occurs exactly once, or everywhere with `replace_all` (LC-5, CA-21). */
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
    execute(input: EditInput, { workspace }) {
      if (input.old_string === '') {
        throw new ToolFailure('old_string is empty; give the text to replace, or write the whole file');
      }
      // No file holds half a character, but a search for one would find it in a whole one and tear that apart.
      if (LONE_SURROGATE.test(input.old_string)) {
        throw new ToolFailure(
          'old_string holds half of a character (a lone surrogate); give whole characters',
        );
      }
      if (input.old_string === input.new_string) {
        throw new ToolFailure('old_string and new_string are identical; nothing would change');
      }
      const before = readTextFile(workspace, input.path);
      const replacements = findReplacements(before, input);
      workspace.writeText(input.path, applyReplacements(before, replacements));
      return describeEdit(input.path, before, replacements);
    },
  };
}

/** @throws {ToolFailure} when the text is not there, or is not unique and should be */
function findReplacements(file: string, input: EditInput): Replacement[] {
  for (const level of EDIT_LEVELS) {
    const kept: Replacement[] = [];
    const wanted = input.replace_all ? MAX_REPLACEMENTS : 1;
    let count = 0;
    for (const replacement of level(file, input.old_string, input.new_string)) {
      if (count < wanted) kept.push(replacement);
      count++;
    }
    if (count === 0) continue;
    if (count <= wanted) return kept;
    throw new ToolFailure(
      input.replace_all
        ? `old_string occurs ${count} times, more than the ${MAX_REPLACEMENTS} that one call may change`
        : `old_string occurs ${count} times - provide more context or pass replace_all=true`,
    );
  }
  throw new ToolFailure(
    `old_string not found in ${input.path}; ` +
      (/^ *\d+\t/.test(input.old_string)
        ? 'leave out the line numbers and the tab after them'
        : 'it must match the file exactly, with blanks and line breaks. Read the file and copy the text from it'),
  );
}

function applyReplacements(file: string, replacements: readonly Replacement[]): string {
  let size = file.length;
  for (const { start, end, text } of replacements) size += text.length - (end - start);
  if (size > MAX_RESULT_CHARS) {
    throw new ToolFailure(`the file would grow to ${size} characters, over the limit of ${MAX_RESULT_CHARS}`);
  }
  let result = '';
  let at = 0;
  for (const { start, end, text } of replacements) {
    result += file.slice(at, start) + text;
    at = end;
  }
  return result + file.slice(at);
}

import { applyCodexPatch, type CodexPatchOptions } from '../patches/apply-codex-patch.ts';
import { describePatched } from '../patches/patch-summary.ts';
import { orToolFailure } from './patch-failure.ts';
import type { Tool } from './tool.ts';

export interface ApplyPatchInput {
  readonly patch: string;
}

/**
 * Changes several files by a patch in the Codex format.
 * @param options.atomic  all or nothing; otherwise what stands before a failing part stays done, as the format says
 */
export function applyPatchTool(name: string, options: CodexPatchOptions = {}): Tool {
  return {
    name,
    description:
      'Change, add, delete or move text files by a patch in this format:\n' +
      '*** Begin Patch\n' +
      '*** Update File: path\n' +
      '*** Move to: new path (only to move)\n' +
      '@@ a line of the file above the change, or nothing\n' +
      ' unchanged line\n' +
      '-removed line\n' +
      '+added line\n' +
      '*** Add File: path\n' +
      '+every line of the new file\n' +
      '*** Delete File: path\n' +
      '*** End Patch\n' +
      'Give about 3 unchanged lines before and after each change, exactly as in the file; chunks in the order of the file, each after @@. ' +
      (options.atomic
        ? 'When a part does not fit, nothing is changed.'
        : 'When a part does not fit, the parts before it stay applied and the error tells which.'),
    parameters: {
      type: 'object',
      properties: { patch: { type: 'string', minLength: 1, description: 'The whole patch' } },
      required: ['patch'],
      additionalProperties: false,
    },
    execute: ({ patch }: ApplyPatchInput, { workspace }) =>
      orToolFailure(() => describePatched(applyCodexPatch(workspace, patch, options))),
  };
}

import { applyUnifiedPatch } from '../patches/apply-unified-patch.ts';
import { describePatched } from '../patches/patch-summary.ts';
import { orToolFailure } from './patch-failure.ts';
import type { Tool } from './tool.ts';

export interface PatchInput {
  readonly patch: string;
}

/** Changes several files by a unified diff, all or nothing, with offset and fuzz as GNU patch has them. */
export function patchTool(name: string): Tool {
  return {
    name,
    description:
      'Change, add, delete or rename text files by a unified diff, as diff -u or git diff write it. ' +
      'Hunks are found at other lines than they say, and with up to 2 lines of context left out at either end, which the answer tells; ' +
      'the counts in "@@ -LINE,COUNT +LINE,COUNT @@" must be right. When a hunk does not fit, nothing is changed.',
    parameters: {
      type: 'object',
      properties: { patch: { type: 'string', minLength: 1, description: 'The unified diff' } },
      required: ['patch'],
      additionalProperties: false,
    },
    execute: ({ patch }: PatchInput, { workspace }) =>
      orToolFailure(() => describePatched(applyUnifiedPatch(workspace, patch))),
  };
}

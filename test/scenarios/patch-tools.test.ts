import { expect, it } from 'vitest';
import { collect, onStage, turns } from './support.ts';

const FILES = { 'a.txt': 'one\ntwo\n', 'b.txt': 'x\n' };
const ADD_AND_MISS =
  '*** Begin Patch\n*** Add File: new.txt\n+new\n*** Update File: b.txt\n@@\n-y\n+z\n*** End Patch';
const CHANGE = '*** Begin Patch\n*** Update File: a.txt\n@@ one\n-two\n+2\n*** End Patch';
const DIFF = '--- a/b.txt\n+++ b/b.txt\n@@ -3 +3 @@\n-x\n+y\n';

it('a session patches its files in either format, and what failed half way is told and kept', () =>
  onStage(
    turns(
      { calls: [{ name: 'apply_patch', arguments: { patch: CHANGE } }] },
      {
        calls: [
          { name: 'apply_patch', arguments: { patch: ADD_AND_MISS } },
          { name: 'patch', arguments: { patch: DIFF } },
        ],
      },
      { text: 'Done.' },
    ),
    {},
    async (stage) => {
      const session = await stage.start({ tools: ['code'], files: FILES });
      const events = await collect(session.stream('Patch.'));
      const told = events.flatMap((event) =>
        event.type === 'tool-ended'
          ? [[event.isError, event.content.split('\n').slice(0, 3).join('\n')]]
          : [],
      );
      expect(told).toEqual([
        [false, 'Success. Updated the following files:\nM a.txt (+1 -1)'],
        [
          true,
          'Error: Update File "b.txt" (patch line 4) failed. Applied before it and kept: "new.txt". Not applied: "b.txt"; send only these again.\n' +
            'chunk 1 of 1 (patch line 5): its lines are not in the file. None of them is in it; "y" is not. Read the file again: it has 1 line.',
        ],
        [
          false,
          'Success. Updated the following files:\nM b.txt (+1 -1)\nb.txt: Hunk #1 succeeded at 1 (offset -2 lines).',
        ],
      ]);
      expect(Object.fromEntries(session.workspace().files)).toEqual({
        'a.txt': 'one\n2\n',
        'b.txt': 'y\n',
        'new.txt': 'new\n',
      });
    },
  ));

it('a session that names the tool which does all or nothing keeps nothing of a patch that fails', () =>
  onStage(
    turns({ calls: [{ name: 'apply_patch_atomic', arguments: { patch: ADD_AND_MISS } }] }, { text: 'Done.' }),
    {},
    async (stage) => {
      const session = await stage.start({ tools: ['apply_patch_atomic'], files: FILES });
      const result = await session.prompt('Patch.');
      expect(Object.fromEntries(result.workspace.files)).toEqual(FILES);
      expect(result.workspace.patch).toBe('');
    },
  ));

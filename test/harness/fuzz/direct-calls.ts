import { WorkspaceError } from '../../../src/errors.ts';
import type { Workspace } from '../../../src/workspace/workspace.ts';
import { Refused, type SimpleTree } from '../../workspace/simple-tree.ts';
import type { Prng } from '../shared/prng.ts';
import { spellPath, type SpelledPath } from './spelled-paths.ts';
import { directoryAt, fileAt } from './tool-oracle.ts';

/** What a tool of the user's may do: an operation on the workspace itself. Outcomes are texts, refusals by their code. */
export interface DirectCall {
  readonly text: string;
  readonly act: (workspace: Workspace) => string;
  readonly expect: (tree: SimpleTree) => string;
}

export function drawDirectCall(prng: Prng, host: readonly SpelledPath[]): DirectCall {
  const at = spellPath(prng, host);
  const { spelling } = at;
  switch (prng.below(6)) {
    case 0: {
      const bytes = Buffer.from(Array.from({ length: prng.between(0, 70) }, () => prng.below(256)));
      return make(
        'writeBytes',
        [spelling],
        (workspace) => workspace.writeBytes(spelling, bytes),
        (tree) => tree.write(fileAt(at), bytes),
      );
    }
    case 1:
      return make(
        'remove',
        [spelling],
        (workspace) => workspace.remove(spelling),
        (tree) => tree.remove(fileAt(at)),
      );
    case 2:
      return make(
        'list',
        [spelling],
        (workspace) => workspace.list(spelling).join('\n'),
        (tree) => tree.list(directoryAt(at)).join('\n'),
      );
    case 3:
      return make(
        'stat',
        [spelling],
        (workspace) => {
          const stat = workspace.stat(spelling);
          return stat === undefined ? 'nothing' : stat.kind === 'file' ? `file of ${stat.size}` : 'directory';
        },
        (tree) => (at.code === undefined ? tree.stat(at.path) : 'nothing'),
      );
    default: {
      const to = spellPath(prng, host);
      return make(
        'rename',
        [spelling, to.spelling],
        (workspace) => workspace.rename(spelling, to.spelling),
        (tree) => {
          // Both are looked at before anything else, the first one first.
          const from = fileAt(at);
          tree.rename(from, fileAt(to));
        },
      );
    }
  }
}

function make(
  name: string,
  args: readonly string[],
  act: (workspace: Workspace) => string | void,
  expect: (tree: SimpleTree) => string | void,
): DirectCall {
  return {
    text: `${name}(${args.map((arg) => JSON.stringify(arg.slice(0, 100))).join(', ')})`,
    act: (workspace) => outcomeOf(() => act(workspace)),
    expect: (tree) => outcomeOf(() => expect(tree)),
  };
}

/** @throws whatever is neither a refusal of the workspace nor one of the tree */
function outcomeOf(act: () => string | void): string {
  try {
    return act() ?? 'done';
  } catch (error) {
    if (error instanceof WorkspaceError) return `refused: ${error.code}`;
    if (error instanceof Refused) return `refused: ${error.message}`;
    throw error;
  }
}

import { DifferentBasesError, InvalidOptionError } from '../errors.ts';
import type { BaseImage } from './base-image.ts';
import { mergeChanges, type MergeBase, type MergeConflict, type MergedChange } from './merge-changes.ts';
import { isSameBase } from './same-base.ts';
import { WorkspaceView } from './workspace-view.ts';

/** What came of a merge. Every path that a session changed is in `changes` or in `conflicts`. */
export interface MergedWorkspaces {
  /** The base with `changes`: what is in conflict is in it as it was in the base. Its id is the sessions' ids, joined by `+`. */
  readonly workspace: WorkspaceView;
  /** In byte order of the paths, each with the sessions it comes from. */
  readonly changes: readonly MergedChange[];
  /** In byte order of the paths. Empty when everything went together. */
  readonly conflicts: readonly MergeConflict[];
}

/**
 * Merges the files of several sessions that started from the same base images, by lines where they changed the same
 * text. What contradicts is reported with both sides, and nothing of it is taken. One view merges to itself.
 * @param views  one of each session, at least one; their order only decides in which order sessions are named
 * @throws {DifferentBasesError} `different_bases`
 * @throws {InvalidOptionError} there is no view, or two of one session
 */
export function mergeWorkspaces(views: readonly WorkspaceView[]): MergedWorkspaces {
  checkViews(views);
  const { images } = views[0]!;
  const { changes, conflicts } = mergeChanges(views, baseOf(images));
  const workspace = new WorkspaceView({
    sessionId: views.map((view) => view.sessionId).join('+'),
    images,
    overlay: new Map(changes.map(({ path, after }) => [path, after])),
  });
  return { workspace, changes, conflicts };
}

function checkViews(views: readonly WorkspaceView[]): void {
  const option = 'views';
  if (!Array.isArray(views) || views.length === 0)
    throw new InvalidOptionError({ option, problem: 'must be an array of at least one workspace view' });
  const seen = new Set<string>();
  for (const view of views) {
    if (!(view instanceof WorkspaceView))
      throw new InvalidOptionError({
        option,
        problem: 'holds something that is no workspace view',
        hint: 'session.workspace() and result.workspace are.',
      });
    if (seen.has(view.sessionId))
      throw new InvalidOptionError({
        option,
        problem: `holds session ${view.sessionId} twice`,
        hint: 'Merge the newest view of each session: it holds what the earlier ones hold.',
      });
    seen.add(view.sessionId);
  }
  const first = views[0]!;
  const others = views.filter((view) => !isSameBase(view.images, first.images));
  if (others.length > 0)
    throw new DifferentBasesError({
      sessionId: first.sessionId,
      others: others.map((view) => view.sessionId),
    });
}

function baseOf(images: readonly BaseImage[]): MergeBase {
  return {
    has: (path) => images.some((image) => image.has(path)),
    pathsUnder: (directory) => new Set(images.flatMap((image) => [...image.pathsUnder(directory)])),
  };
}

import { applyChanges } from '../workspace/apply-changes.ts';
import type { FileDifference } from '../workspace/files-view.ts';

/**
 * What is to be written of a session that goes on: its changes of all runs, since those of earlier ones may not have
 * been written. Where one has, and this run changed the same lines again, the file on disk does not go together with
 * the session's first version of it, but is what the session had when this run began: then it is this run's change.
 * @param whole  against the files that the session started from
 * @param ofRun  against what the session had when the run began
 * @returns without what is on disk already. What contradicts the disk is in it
 */
export async function changesToWrite(
  directory: string,
  whole: readonly FileDifference[],
  ofRun: readonly FileDifference[],
): Promise<FileDifference[]> {
  const { files } = await applyChanges(directory, whole, { check: true, conflict: 'skip' });
  const outcomes = new Map(files.map(({ path, outcome }) => [path, outcome]));
  const ofRunByPath = new Map(ofRun.map((change) => [change.path, change]));
  const wanted: FileDifference[] = [];
  for (const change of whole) {
    const outcome = outcomes.get(change.path);
    const later = ofRunByPath.get(change.path);
    if (outcome === 'unchanged') continue;
    wanted.push(outcome === 'skipped' && later && (await isAsLeft(directory, later)) ? later : change);
  }
  // What this run put back to what it was at first is no change of the whole.
  const paths = new Set(whole.map(({ path }) => path));
  return [...wanted, ...ofRun.filter(({ path }) => !paths.has(path))];
}

/** Whether the file on disk is what the session had when the run began. */
async function isAsLeft(directory: string, change: FileDifference): Promise<boolean> {
  const { files } = await applyChanges(directory, [change], { check: true, conflict: 'skip' });
  return files[0]?.outcome === 'written';
}

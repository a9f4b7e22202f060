import { summarized, type ChangeSummary, type FileDifference } from './files-view.ts';
import { filePatch } from './patch.ts';

/** What differs between two states of a session's files. Everything is worked out when it is first read. */
export class WorkspaceDiff {
  readonly #compare: () => readonly FileDifference[];
  #differences: readonly FileDifference[] | undefined;
  #changes: readonly ChangeSummary[] | undefined;
  #patch: string | undefined;

  /** @param compare  gives the differences in byte order of the paths */
  constructor(compare: () => readonly FileDifference[]) {
    this.#compare = compare;
  }

  /** The files that differ, with both contents where they lie, in byte order of the paths. */
  get differences(): readonly FileDifference[] {
    return (this.#differences ??= this.#compare());
  }

  /** {@link differences} as paths, kinds and hashes. */
  get changes(): readonly ChangeSummary[] {
    return (this.#changes ??= summarized(this.differences));
  }

  /** The changes in git's format, as `git apply` takes them; '' when there are none. */
  get patch(): string {
    return (this.#patch ??= this.differences.map(filePatch).join(''));
  }
}

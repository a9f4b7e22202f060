import { applyChanges, type ApplyOptions, type ApplyReport } from './apply-changes.ts';
import type { BaseImage } from './base-image.ts';
import {
  fileChanges,
  fileDifferences,
  FilesView,
  type ChangeSummary,
  type FileDifference,
  type OverlayMap,
} from './files-view.ts';
import { filePatch } from './patch.ts';

/**
 * A session's files at one moment, seen from outside: later prompts do not show in it. Everything is worked out when
 * it is first read.
 */
export class WorkspaceView {
  readonly sessionId: string;
  /** What the session started from; the first that has a path wins. */
  readonly images: readonly BaseImage[];
  readonly #overlay: OverlayMap;
  #files: FilesView | undefined;
  #differences: readonly FileDifference[] | undefined;
  #changes: readonly ChangeSummary[] | undefined;
  #patch: string | undefined;

  /** @param data.overlay  must not change afterwards */
  constructor(data: {
    readonly sessionId: string;
    readonly images: readonly BaseImage[];
    readonly overlay: OverlayMap;
  }) {
    this.sessionId = data.sessionId;
    this.images = data.images;
    this.#overlay = data.overlay;
  }

  /** Every file, as relative POSIX path → text, or bytes where the content is not UTF-8. Nothing is copied before it is read. */
  get files(): ReadonlyMap<string, string | Uint8Array> {
    return (this.#files ??= new FilesView(this.images, this.#overlay));
  }

  /** What differs from the session's first files, with both contents where they lie, in byte order of the paths. */
  get differences(): readonly FileDifference[] {
    return (this.#differences ??= fileDifferences(this.images, this.#overlay));
  }

  /** {@link differences} as paths, kinds and hashes. */
  get changes(): readonly ChangeSummary[] {
    return (this.#changes ??= fileChanges(this.images, this.#overlay));
  }

  /** The changes in git's format, as `git apply` takes them; '' when there are none. */
  get patch(): string {
    return (this.#patch ??= this.differences.map(filePatch).join(''));
  }

  /**
   * Writes the changes to a real directory, which holds the files that the session started from: all of them or none.
   * Where a file is no longer what the session saw, `options.conflict` says what is to be done; by default it is merged.
   * @throws {OutputError} `disk_changed`, `write_failed`, `output_unwritable`
   */
  apply(directory: string, options?: ApplyOptions): Promise<ApplyReport> {
    return applyChanges(directory, this.differences, options);
  }
}

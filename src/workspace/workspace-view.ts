import { applyChanges, type ApplyOptions, type ApplyReport } from './apply-changes.ts';
import type { BaseImage } from './base-image.ts';
import { fileDifferences, FilesView, overlayDifferences, type OverlayMap } from './files-view.ts';
import { WorkspaceDiff } from './workspace-diff.ts';

/**
 * A session's files at one moment, seen from outside: later prompts do not show in it. As a {@link WorkspaceDiff} it is what
 * differs from the session's first files.
 */
export class WorkspaceView extends WorkspaceDiff {
  readonly sessionId: string;
  /** What the session started from; the first that has a path wins. */
  readonly images: readonly BaseImage[];
  readonly #overlay: OverlayMap;
  #files: FilesView | undefined;

  /** @param data.overlay  must not change afterwards */
  constructor(data: {
    readonly sessionId: string;
    readonly images: readonly BaseImage[];
    readonly overlay: OverlayMap;
  }) {
    super(() => fileDifferences(data.images, data.overlay));
    this.sessionId = data.sessionId;
    this.images = data.images;
    this.#overlay = data.overlay;
  }

  /** Every file, as relative POSIX path → text, or bytes where the content is not UTF-8. Nothing is copied before it is read. */
  get files(): ReadonlyMap<string, string | Uint8Array> {
    return (this.#files ??= new FilesView(this.images, this.#overlay));
  }

  /** What has to be done to these files to make them the later ones. @param later  of a session over the same base */
  diffTo(later: WorkspaceView): WorkspaceDiff {
    return new WorkspaceDiff(() => overlayDifferences(this.images, this.#overlay, later.#overlay));
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

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
  readonly #images: readonly BaseImage[];
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
    this.#images = data.images;
    this.#overlay = data.overlay;
  }

  /** Every file, as relative POSIX path → text, or bytes where the content is not UTF-8. Nothing is copied before it is read. */
  get files(): ReadonlyMap<string, string | Uint8Array> {
    return (this.#files ??= new FilesView(this.#images, this.#overlay));
  }

  /** What differs from the session's first files, with both contents where they lie, in byte order of the paths. */
  get differences(): readonly FileDifference[] {
    return (this.#differences ??= fileDifferences(this.#images, this.#overlay));
  }

  /** {@link differences} as paths, kinds and hashes. */
  get changes(): readonly ChangeSummary[] {
    return (this.#changes ??= fileChanges(this.#images, this.#overlay));
  }

  /** The changes in git's format, as `git apply` takes them; '' when there are none. */
  get patch(): string {
    return (this.#patch ??= this.differences.map(filePatch).join(''));
  }
}

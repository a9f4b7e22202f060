import type { PromptResult } from '../pool/prompt-result.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { FileDifference } from '../workspace/files-view.ts';

/** What a session changed in the image that it started from, with both contents, in byte order of the paths. */
export function differencesOf(result: PromptResult, image: BaseImage | undefined): FileDifference[] {
  return result.changes.map(({ path, kind }) => ({
    path,
    before: image?.view(path) ?? null,
    after: kind === 'deleted' ? null : bytesOf(result.files.get(path)),
  }));
}

/** Text that came from valid UTF-8 encodes to the same bytes again. */
function bytesOf(content: string | Uint8Array | undefined): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : (content ?? new Uint8Array());
}

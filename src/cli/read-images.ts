import { imageTypeOf } from '../tools/image-type.ts';
import { UsageError } from '../errors.ts';
import { MAX_IMAGE_BYTES, type PromptContent, type PromptPart } from '../pool/prompt-content.ts';
import { asBuffer } from '../workspace/bytes.ts';
import { readGivenFile } from './read-input.ts';

/**
 * A prompt with the images of these files.
 * @param files  seen from the current directory
 * @throws {UsageError} `input_unreadable`
 */
export async function withImages(text: string, files: readonly string[]): Promise<PromptContent> {
  if (files.length === 0) return text;
  const parts: PromptPart[] = [{ type: 'text', text }];
  for (const file of files) {
    const data = await readGivenFile(file, MAX_IMAGE_BYTES);
    const mediaType = imageTypeOf(asBuffer(data));
    if (!mediaType) {
      throw new UsageError('input_unreadable', `File ${file} is no PNG, JPEG, GIF or WebP image.`);
    }
    parts.push({ type: 'image', data, mediaType });
  }
  return parts;
}

import { createHash } from 'node:crypto';

/**
 * What stands for the encrypted reasoning of an item of the Responses API. It follows from the item's id and text, so that
 * a server that keeps nothing notices an item that comes back changed.
 */
export function encryptedReasoning(itemId: string, text: string): string {
  return `scripted-${createHash('sha256')
    .update(JSON.stringify([itemId, text]))
    .digest('base64url')}`;
}

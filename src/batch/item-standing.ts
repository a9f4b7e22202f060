import { createHash } from 'node:crypto';
import type { JournalStore } from '../journal/store.ts';
import { pastResult } from '../pool/past-prompt.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { BaseImage } from '../workspace/base-image.ts';

/** Of the session that is opened before all others and runs nothing: its journal keeps the batch's base image. */
export const BASE_SESSION = '#base';

/** How far an item has come, as its batch's journal tells. Attempts count from 1; each has a session of its own. */
export type ItemStanding =
  /** This attempt is to be started: it is the first, or the one before it did not end well. */
  | { readonly at: 'start'; readonly attempt: number }
  /** Its session is there and was cut off: `prompt` is what it was sent, null when that had not come yet. */
  | { readonly at: 'open'; readonly attempt: number; readonly prompt: string | null }
  /** Its prompt ended by itself. */
  | { readonly at: 'done'; readonly attempt: number; readonly result: PromptResult };

export const FIRST_ATTEMPT: ItemStanding = { at: 'start', attempt: 1 };

/** The same in every run of a batch, and no other item's: the item's id where that is short and plain. */
export function sessionIdOf(itemId: string, attempt: number): string {
  const isPlain = /^[\p{L}\p{N}._/@+-]{1,120}$/u.test(itemId);
  // Neither `~` nor `#` is in a plain id.
  const id = isPlain ? itemId : `${itemId.replace(/[^A-Za-z0-9._/-]+/g, '-').slice(-80)}~${digest(itemId)}`;
  return attempt === 1 ? id : `${id}#${attempt}`;
}

/** What the item's journals come to. @throws {StoreError} `store_corrupt` */
export function standingOf(itemId: string, store: JournalStore): ItemStanding {
  let attempt = 1;
  while (store.session(sessionIdOf(itemId, attempt + 1))) attempt += 1;
  const sessionId = sessionIdOf(itemId, attempt);
  const stored = store.session(sessionId);
  if (!stored) return { at: 'start', attempt };
  const entries = store.read(sessionId);
  const again: ItemStanding = { at: 'start', attempt: attempt + 1 };
  const accepted = entries.find((entry) => entry.type === 'prompt-accepted');
  if (!accepted) return stored.closed ? again : { at: 'open', attempt, prompt: null };
  const [opened] = entries;
  const images = opened?.type === 'opened' ? opened.spec.images.map((handle) => BaseImage.open(handle)) : [];
  const result = pastResult(entries, accepted.promptId, images);
  if (!result) return { at: 'open', attempt, prompt: accepted.text };
  return result.stopReason === 'end' ? { at: 'done', attempt, result } : again;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

import { createHash } from 'node:crypto';
import type { PromptBody } from '../journal/active-prompt.ts';
import type { JournalEntry } from '../journal/entries.ts';
import type { JournalStore } from '../journal/store.ts';
import { pastResult } from '../pool/past-prompt.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { BaseImage } from '../workspace/base-image.ts';
import { addSpent, NOTHING_SPENT, type Spent } from './spent.ts';

/** Of the session that is opened before all others and runs nothing: its journal keeps the batch's base image. */
export const BASE_SESSION = '#base';

/** Of the session that keeps the base image of a round. */
export function baseSessionOf(round: number): string {
  return round === 1 ? BASE_SESSION : `${BASE_SESSION}-${round}`;
}

/**
 * How far an item has come in a round, as its batch's journal tells. Rounds count from 1, and attempts count from 1 in
 * each; every attempt has a session of its own.
 */
export type ItemStanding = {
  readonly round: number;
  readonly attempt: number;
  /** On attempts before this one, in whatever round. */
  readonly spent: Spent;
} &
  /** This attempt is to be started: it is the first, or the one before it did not end well. */
  (
    | { readonly at: 'start' }
    /** Its session is there and was cut off: `prompt` is what it was sent, null when that had not come yet. */
    | { readonly at: 'open'; readonly prompt: PromptBody | null }
    /** Its prompt ended by itself. */
    | { readonly at: 'done'; readonly result: PromptResult }
  );

export const FIRST_ATTEMPT: ItemStanding = { at: 'start', round: 1, attempt: 1, spent: NOTHING_SPENT };

/** The same in every run of a batch, and no other item's: the item's id where that is short and plain. */
export function sessionIdOf(itemId: string, attempt: number, round = 1): string {
  const isPlain = /^[\p{L}\p{N}._/@+-]{1,120}$/u.test(itemId);
  // Neither `~` nor `#` is in a plain id.
  const id = isPlain ? itemId : `${itemId.replace(/[^A-Za-z0-9._/-]+/g, '-').slice(-80)}~${digest(itemId)}`;
  if (round > 1) return `${id}#r${round}${attempt === 1 ? '' : `.${attempt}`}`;
  return attempt === 1 ? id : `${id}#${attempt}`;
}

/** What the item's journals come to in a round. @throws {StoreError} `store_corrupt` */
export function standingOf(itemId: string, store: JournalStore, round = 1): ItemStanding {
  let attempt = 1;
  while (store.session(sessionIdOf(itemId, attempt + 1, round))) attempt += 1;
  const sessionId = sessionIdOf(itemId, attempt, round);
  const stored = store.session(sessionId);
  const here = { round, attempt, spent: spentBefore(itemId, store, round, attempt) };
  if (!stored) return { ...here, at: 'start' };
  const entries = store.read(sessionId);
  const accepted = entries.find((entry) => entry.type === 'prompt-accepted');
  const result = resultOf(entries);
  const again = (): ItemStanding => ({
    at: 'start',
    round,
    attempt: attempt + 1,
    spent: result ? addSpent(here.spent, result) : here.spent,
  });
  if (!accepted) return stored.closed ? again() : { ...here, at: 'open', prompt: null };
  if (!result) return { ...here, at: 'open', prompt: accepted };
  return result.stopReason === 'end' ? { ...here, at: 'done', result } : again();
}

function spentBefore(itemId: string, store: JournalStore, round: number, attempt: number): Spent {
  let spent = NOTHING_SPENT;
  for (let r = 1; r <= round; r++) {
    for (let a = 1; r < round || a < attempt; a++) {
      const sessionId = sessionIdOf(itemId, a, r);
      if (!store.session(sessionId)) break;
      const result = resultOf(store.read(sessionId));
      if (result) spent = addSpent(spent, result);
    }
  }
  return spent;
}

/** How the one prompt of an item's session ended; undefined when it has not. */
function resultOf(entries: readonly JournalEntry[]): PromptResult | undefined {
  const accepted = entries.find((entry) => entry.type === 'prompt-accepted');
  if (!accepted) return undefined;
  const [opened] = entries;
  const images = opened?.type === 'opened' ? opened.spec.images.map((handle) => BaseImage.open(handle)) : [];
  return pastResult(entries, accepted.promptId, images);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

import { NO_USAGE, type Usage } from '../model/model.ts';
import { wholeUsage } from '../model/usage.ts';
import type { StoredSession } from './store.ts';

/** What a session has spent and what that counts against, as its row has it. */
export type StoredAccount = Pick<StoredSession, 'usage' | 'turns' | 'group' | 'parent'>;

const NO_ACCOUNT: StoredAccount = { usage: NO_USAGE, turns: 0, group: null, parent: null };

/** As JSON; null where there is nothing to say, as in rows that were written before there were accounts. */
export function encodeAccount({ usage, turns, group, parent }: StoredAccount): string | null {
  const isUnused = turns === 0 && usage.totalTokens === 0 && usage.cost.basis === 'none';
  if (isUnused && group === null && parent === null) return null;
  return JSON.stringify({ usage, turns, group, parent });
}

/** @throws SyntaxError when it is not JSON */
export function decodeAccount(text: string | null): StoredAccount {
  if (text === null) return NO_ACCOUNT;
  const { usage, turns, group, parent } = JSON.parse(text) as StoredAccount & { usage: Partial<Usage> };
  return { usage: wholeUsage(usage), turns, group, parent };
}

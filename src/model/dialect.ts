import type { Message } from './message.ts';

/** How a provider wants a conversation written. A conversation is encoded once for each dialect that it is asked in. */
export interface Dialect {
  /** Dialects of one key write alike. */
  readonly key: string;
  /** The message as JSON values, joined by commas; '' when nothing of it is sent. */
  encode(message: Message): string;
}

/** Chat Completions as it is documented. */
export const CHAT: Dialect = { key: 'chat', encode: (message) => JSON.stringify(message) };

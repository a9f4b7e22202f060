import { chatDialect } from './chat-dialect.ts';
import type { Message, ModelSource } from './message.ts';
import { GENERIC, type Quirks } from './quirks.ts';
import { responsesDialect } from './responses-dialect.ts';

/** How a provider wants a conversation written. A conversation is encoded once for each dialect that it is asked in. */
export interface Dialect {
  /** Dialects of one key write alike. */
  readonly key: string;
  /**
   * A message as JSON values, joined by commas; '' when nothing of it is sent. It may look at the messages before it, never at
   * those after: what was written once stays as it is.
   */
  encode(messages: readonly Message[], at: number): string;
  /** The same for the last message of a request, where that one is written otherwise; it is not kept. */
  readonly encodeLast?: (messages: readonly Message[], at: number) => string;
}

/** How a model wants its conversations written. @param source  whose own reasoning goes back to it */
export function dialectOf(quirks: Quirks, source: Omit<ModelSource, 'api'>): Dialect {
  const from = { ...source, api: quirks.api };
  return quirks.api === 'chat' ? chatDialect(quirks, from) : responsesDialect(quirks, from);
}

/** Chat Completions as it is documented. */
export const CHAT: Dialect = dialectOf(GENERIC, { provider: '', model: '' });

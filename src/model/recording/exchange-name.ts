import { createHash } from 'node:crypto';
import type { ModelCallOrigin } from '../model.ts';

/**
 * What an exchange's file is called, `000123-SESSION-4.1-BODY.json`: its number, who asked, in which turn and attempt, and
 * what. Whoever looks for an exchange reads names, and then one file.
 */
export interface ExchangeName {
  /** From 1, in the order in which the part's requests were sent. */
  readonly number: number;
  /** {@link digest} of the session's id. */
  readonly session: string;
  readonly turn: number;
  readonly attempt: number;
  /** {@link digest} of the request's body, or {@link REDACTED_BODY}. */
  readonly body: string;
}

/** In the place of a digest: something was taken out of the body, so that no request would have the digest of what is left. */
export const REDACTED_BODY = 'redacted';

/** Of calls that nobody is said to have made. */
export const NOBODY: ModelCallOrigin = { sessionId: '', turn: 0, attempt: 1 };

const PATTERN = /^(\d{6,15})-([0-9a-f]{16})-(\d{1,15})\.(\d{1,15})-([0-9a-f]{16}|redacted)\.json$/;

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export function exchangeFile({ number, session, turn, attempt, body }: ExchangeName): string {
  return `${String(number).padStart(6, '0')}-${session}-${turn}.${attempt}-${body}.json`;
}

/** Undefined for any other file. */
export function readExchangeName(file: string): ExchangeName | undefined {
  const [, number, session = '', turn, attempt, body = ''] = PATTERN.exec(file) ?? [];
  if (number === undefined) return undefined;
  return { number: Number(number), session, turn: Number(turn), attempt: Number(attempt), body };
}

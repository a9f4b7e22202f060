import * as z from 'zod/mini';
import { ModelError, type ModelErrorKind } from '../../errors.ts';

/** Of the files of a recording. */
export const RECORDING_VERSION = 1;

/** One request to a provider and what came of it, without secrets. */
export interface RecordedExchange {
  readonly version: typeof RECORDING_VERSION;
  readonly sessionId: string;
  /** As in a call's origin. */
  readonly turn: number;
  readonly attempt: number;
  readonly provider: string;
  /** Of the URL, with its query. */
  readonly path: string;
  readonly startedAt: string;
  /** As it was sent. */
  readonly body: string;
  /** Null when not even a head came. */
  readonly answer: RecordedAnswer | null;
  readonly end: RecordedEnd;
}

/** Times count from the request, in milliseconds. */
export interface RecordedAnswer {
  readonly status: number;
  /** Those that say what the body is, how long to wait and how much is left. */
  readonly headers: Readonly<Record<string, string>>;
  readonly afterMs: number;
  /** The body in the pieces in which it was read. No character is cut in two. */
  readonly reads: readonly RecordedRead[];
}

export type RecordedRead = readonly [afterMs: number, text: string];

export type RecordedEnd =
  /** `ended`: the answer was over. `left`: the client had all that it wanted. `cancelled`: nobody wanted it any more. */
  | { readonly how: 'ended' | 'left' | 'cancelled'; readonly afterMs: number }
  | { readonly how: 'failed'; readonly afterMs: number; readonly error: RecordedError };

export interface RecordedError {
  readonly message: string;
  /** Of the network. */
  readonly code?: string;
  /** What the client had made of it: a deadline of its own. */
  readonly kind?: ModelErrorKind;
  readonly retryable?: boolean;
}

const timeMs = z.number().check(z.gte(0));

const exchange = z.looseObject({
  version: z.literal(RECORDING_VERSION),
  sessionId: z.string(),
  turn: z.int(),
  attempt: z.int(),
  provider: z.string(),
  path: z.string(),
  startedAt: z.string(),
  body: z.string(),
  answer: z.nullable(
    z.looseObject({
      status: z.int(),
      headers: z.record(z.string(), z.string()),
      afterMs: timeMs,
      reads: z.array(z.tuple([timeMs, z.string()])),
    }),
  ),
  end: z.union([
    z.looseObject({ how: z.enum(['ended', 'left', 'cancelled']), afterMs: timeMs }),
    z.looseObject({
      how: z.literal('failed'),
      afterMs: timeMs,
      error: z.looseObject({
        message: z.string(),
        code: z.optional(z.string()),
        kind: z.optional(z.string()),
        retryable: z.optional(z.boolean()),
      }),
    }),
  ]),
});

/** Undefined when the text is not a whole exchange of this version. */
export function parseExchange(text: string): RecordedExchange | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return exchange.safeParse(value).success ? (value as RecordedExchange) : undefined;
}

export function recordedError(error: Error): RecordedError {
  if (error instanceof ModelError) {
    const { kind, message, retryable } = error;
    return { kind, message, retryable };
  }
  const { code } = error as NodeJS.ErrnoException;
  return { message: error.message, ...(typeof code === 'string' ? { code } : {}) };
}

/** The error that the client was given, as far as it looks at one. */
export function replayedError({ kind, message, retryable, code }: RecordedError): Error {
  if (kind !== undefined) return new ModelError({ kind, message, retryable: retryable ?? false });
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

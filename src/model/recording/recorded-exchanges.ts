import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ModelError } from '../../errors.ts';
import { REDACTED } from '../../redactor.ts';
import type { ModelCallOrigin } from '../model.ts';
import { parseExchange, type RecordedExchange } from './exchange.ts';
import { digest, NOBODY, readExchangeName, REDACTED_BODY, type ExchangeName } from './exchange-name.ts';
import { commonPrefix, firstDifference } from './first-difference.ts';
import type { ReplayTape } from './tape.ts';

/** Where no exchange is of the asking session, so many are looked at for the one that is nearest. */
const MAX_COMPARED = 1_000;

/** An exchange that has not been read yet. */
interface Listed extends ExchangeName {
  readonly file: string;
  /** Its word in {@link ReplayTape.played}. */
  readonly index: number;
}

/**
 * The exchanges of a recording that one provider's replay plays, each once. A request is given the exchange of the same
 * session, turn, attempt and body; else one of that session and body; else, as where session ids are random, one of
 * that body. Of several the first in the order of recording.
 */
export class RecordedExchanges {
  readonly #tape: ReplayTape;
  readonly #played: Int32Array;
  readonly #all: Listed[] = [];
  readonly #bySession = new Map<string, Listed[]>();
  readonly #byBody = new Map<string, Listed[]>();

  constructor(tape: ReplayTape) {
    this.#tape = tape;
    this.#played = new Int32Array(tape.played);
    for (const [index, file] of tape.files.entries()) {
      const name = readExchangeName(basename(file));
      if (!name) throw new TypeError(`${file} is no exchange`);
      const listed = { ...name, file, index };
      this.#all.push(listed);
      addTo(this.#bySession, name.session, listed);
      addTo(this.#byBody, name.body, listed);
    }
  }

  /** @throws {ModelError} `not-recorded`, saying what differs first; also when a file is damaged */
  take(body: string, origin: ModelCallOrigin = NOBODY): RecordedExchange {
    const key = digest(body);
    const session = digest(origin.sessionId);
    const own = this.#bySession.get(session) ?? [];
    const candidates = [
      ...inOrder(
        own.filter((one) => isAbout(one, key)),
        origin,
      ),
      ...inOrder([...(this.#byBody.get(key) ?? []), ...(this.#byBody.get(REDACTED_BODY) ?? [])], origin),
    ];
    const cancelled: [Listed, RecordedExchange][] = [];
    for (const listed of candidates) {
      if (this.#isPlayed(listed)) continue;
      const exchange = this.#read(listed);
      if (!this.#isOurs(exchange) || !isBody(exchange.body, body, listed)) continue;
      // What it would have come to is not known: for want of a better one only.
      if (exchange.end.how === 'cancelled') cancelled.push([listed, exchange]);
      else if (this.#claim(listed)) return exchange;
    }
    for (const [listed, exchange] of cancelled) if (this.#claim(listed)) return exchange;
    throw this.#miss(body, origin, own, candidates);
  }

  #isPlayed({ index }: Listed): boolean {
    return Atomics.load(this.#played, index) !== 0;
  }

  /** Also against the other model threads. */
  #claim({ index }: Listed): boolean {
    return Atomics.compareExchange(this.#played, index, 0, 1) === 0;
  }

  #isOurs(exchange: RecordedExchange): boolean {
    return exchange.provider === this.#tape.provider;
  }

  #isRequest(listed: Listed, body: string): boolean {
    const exchange = this.#read(listed);
    return this.#isOurs(exchange) && isBody(exchange.body, body, listed);
  }

  #read({ file, body }: Listed): RecordedExchange {
    const { directory } = this.#tape;
    let text: string;
    try {
      text = readFileSync(join(directory, file), 'utf8');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw notRecorded(`${file} of the recording ${directory} cannot be read (${why})`, cause);
    }
    const exchange = parseExchange(text);
    if (!exchange || (body !== REDACTED_BODY && digest(exchange.body) !== body)) {
      throw notRecorded(`${file} of the recording ${directory} is not what was written`);
    }
    return exchange;
  }

  #miss(
    body: string,
    { sessionId, turn }: ModelCallOrigin,
    own: readonly Listed[],
    candidates: readonly Listed[],
  ): ModelError {
    const { directory, isComplete } = this.#tape;
    const who = `session ${sessionId === '' ? '(unnamed)' : sessionId}, turn ${turn + 1}`;
    const gap = isComplete ? '' : ' (the recording is incomplete)';
    if (candidates.some((listed) => this.#isRequest(listed, body))) {
      return new ModelError({
        kind: 'not-recorded',
        message: `${who}: the recording ${directory} has this request, but no more often than it was asked already${gap}`,
        retryable: false,
        isSpent: true,
      });
    }
    const nearest = this.#nearest(body, turn, own);
    if (!nearest) {
      return notRecorded(
        `${who}: the recording ${directory} has no request to ${this.#tape.provider} at all${gap}`,
      );
    }
    const isOwn = nearest.sessionId === sessionId;
    const whose =
      isOwn && nearest.turn === turn ? 'the one of that turn' : `the nearest, ${nameOf(nearest)},`;
    return notRecorded(
      `${who}: the recording ${directory} has no such request${gap}; ${whose} differs first at ${firstDifference(nearest.body, body)}`,
    );
  }

  /** Of the session's turn; else what begins alike. */
  #nearest(body: string, turn: number, own: readonly Listed[]): RecordedExchange | undefined {
    const ofTurn = this.#closest(
      body,
      own.filter((one) => one.turn === turn),
    );
    return ofTurn ?? this.#closest(body, own) ?? this.#closest(body, this.#all.slice(0, MAX_COMPARED));
  }

  #closest(body: string, listed: readonly Listed[]): RecordedExchange | undefined {
    let best: RecordedExchange | undefined;
    let bestLength = -1;
    for (const one of listed) {
      const exchange = this.#read(one);
      const length = commonPrefix(exchange.body, body);
      if (length <= bestLength || !this.#isOurs(exchange)) continue;
      best = exchange;
      bestLength = length;
    }
    return best;
  }
}

function addTo(map: Map<string, Listed[]>, key: string, listed: Listed): void {
  const there = map.get(key);
  if (there) there.push(listed);
  else map.set(key, [listed]);
}

function isAbout({ body }: Listed, key: string): boolean {
  return body === key || body === REDACTED_BODY;
}

/** Those of this turn and attempt first. */
function inOrder(listed: readonly Listed[], { turn, attempt }: ModelCallOrigin): Listed[] {
  const isSame = (one: Listed): boolean => one.turn === turn && one.attempt === attempt;
  return [...listed.filter(isSame), ...listed.filter((one) => !isSame(one))];
}

/** Whether a body is the recorded one. Where something was taken out of that, anything may stand. */
function isBody(recorded: string, asked: string, { body }: Listed): boolean {
  if (body !== REDACTED_BODY) return recorded === asked;
  const [first = '', ...rest] = recorded.split(REDACTED);
  const last = rest.pop() ?? '';
  let at = first.length;
  if (!asked.startsWith(first)) return false;
  for (const part of rest) {
    const found = asked.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return asked.length - last.length >= at && asked.endsWith(last);
}

function nameOf({ sessionId, turn }: RecordedExchange): string {
  return `of ${sessionId === '' ? 'an unnamed session' : `session ${sessionId}`}, turn ${turn + 1}`;
}

function notRecorded(message: string, cause?: unknown): ModelError {
  return new ModelError({ kind: 'not-recorded', message, retryable: false, cause });
}

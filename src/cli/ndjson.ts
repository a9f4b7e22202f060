import { redactor } from './secrets.ts';

/** Of the records on stdout. Readers ignore types and fields that they do not know. */
export const RECORD_VERSION = 1;

/** What JSON leaves as it is, but a terminal or an editor would act on. */
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Writes one record a line: `{"v":1,"seq":1,"ts":"…","type":"noun.verb",…}`. `seq` grows by one; lines hold no control
 * characters, whatever is in them, and no key. A `patch` is what is in files, and stays as it is.
 */
export class NdjsonWriter {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;
  #seq = 0;

  constructor(write: (line: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  record(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#seq += 1;
    const record = { v: RECORD_VERSION, seq: this.#seq, ts: this.#now().toISOString(), type, ...fields };
    const json = JSON.stringify(record, withoutKeys).replace(
      UNSAFE,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    this.#write(`${json}\n`);
  }
}

function withoutKeys(name: string, value: unknown): unknown {
  return typeof value === 'string' && name !== 'patch' ? redactor.redact(value) : value;
}

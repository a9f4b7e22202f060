import { ConfigFileError } from '../errors.ts';
import { nearest } from '../nearest.ts';

/** Checks a field's value and returns it in the form that is wanted. @throws {Mismatch} that names the key */
export type Read<Value> = (value: unknown, key: string) => Value;

/** A value that is not what its field wants; {@link Fields} adds the file. */
export class Mismatch extends Error {
  constructor(key: string, problem: string, value?: unknown) {
    super(`${key} ${problem}${arguments.length > 2 ? `; it is ${show(value)}` : ''}`);
  }
}

/** Whose fields they are, in errors. */
export interface FieldsOf {
  readonly file: string;
  readonly code: string;
}

const JOB_FILE: FieldsOf = { file: 'Job file', code: 'invalid_job' };

/** A mapping of a job file, or of another one, read field by field. It knows which keys it was asked for, and so which are typos. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #source: string;
  readonly #of: FieldsOf;
  readonly #at: string;
  readonly #known: string[] = [];

  /**
   * @param at  the key of the mapping in its file, where it is not the file itself
   * @throws {ConfigFileError} `invalid_job`, or the code of another file, when the value is no mapping
   */
  constructor(value: unknown, source: string, of: FieldsOf = JOB_FILE, at = '') {
    this.#source = source;
    this.#of = of;
    this.#at = at;
    if (!isMapping(value)) throw this.#error(`${at || 'it'} must hold keys and values; it is ${show(value)}`);
    this.#values = value;
  }

  /** @throws {ConfigFileError} `invalid_job` */
  optional<Value>(key: string, read: Read<Value>): Value | undefined {
    this.#known.push(key);
    const value = this.#values[key];
    if (value === undefined) return undefined;
    try {
      return read(value, this.#path(key));
    } catch (error) {
      throw error instanceof Mismatch ? this.#error(error.message) : error;
    }
  }

  /** @throws {ConfigFileError} `invalid_job` */
  required<Value>(key: string, read: Read<Value>): Value {
    if (this.#values[key] === undefined) {
      // A typo in a required key is told as the typo.
      const others = Object.keys(this.#values).filter((given) => !this.#known.includes(given));
      const typo = others.find((given) => nearest(given, [key]) === key);
      throw this.#error(
        typo === undefined ? `${this.#path(key)} is missing` : this.#inside(unknownKey(typo, [key])),
      );
    }
    return this.optional(key, read)!;
  }

  /** @throws {ConfigFileError} `invalid_job` when there are keys that nobody asked for */
  refuseOthers(): void {
    const unknown = Object.keys(this.#values).find((key) => !this.#known.includes(key));
    if (unknown !== undefined) throw this.#error(this.#inside(unknownKey(unknown, this.#known)));
  }

  /** What is wrong with several of them together. @throws {ConfigFileError} `invalid_job` */
  refuse(problem: string): never {
    throw this.#error(this.#inside(problem));
  }

  #path(key: string): string {
    return this.#at === '' ? key : `${this.#at}.${key}`;
  }

  #inside(problem: string): string {
    return this.#at === '' ? problem : `${this.#at}: ${problem}`;
  }

  #error(problem: string): ConfigFileError {
    const { file, code } = this.#of;
    return new ConfigFileError(
      code,
      `${file} ${this.#source}: ${problem}${problem.endsWith('?') ? '' : '.'}`,
    );
  }
}

export function unknownKey(key: string, known: readonly string[]): string {
  const hint = nearest(key, known);
  return `unknown key "${key}"; ${hint === undefined ? `known are ${known.join(', ')}` : `did you mean "${hint}"?`}`;
}

export const text: Read<string> = (value, key) => {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new Mismatch(key, 'must be text that is not empty', value);
};

/** One text or a list of them. */
export const texts: Read<readonly string[]> = (value, key) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every((item) => typeof item === 'string' && item !== '')) {
    return list as readonly string[];
  }
  throw new Mismatch(key, 'must be text or a list of texts', value);
};

export const mapping: Read<Readonly<Record<string, unknown>>> = (value, key) => {
  if (isMapping(value)) return value;
  throw new Mismatch(key, 'must be a mapping of keys to values', value);
};

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Read<number> {
  return (value, key) => {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new Mismatch(key, `must be a whole number ${range}`, value);
  };
}

/** A number above 0. */
export const amount: Read<number> = (value, key) => {
  if (typeof value === 'number' && value > 0 && value < Infinity) return value;
  throw new Mismatch(key, 'must be a number above 0', value);
};

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'empty';
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}

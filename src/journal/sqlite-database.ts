import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type Libsql from 'libsql';
import { StoreError, type StoreErrorCode } from '../errors.ts';

/** What a statement binds. Text goes in as bytes: the binding cuts a string at its first NUL. */
export type SqlValue = number | Uint8Array | null;
export type SqlRow = readonly SqlValue[];

export interface SqliteDatabaseOptions {
  readonly readOnly: boolean;
  /** How long a statement may block this thread while another process holds the lock. */
  readonly busyTimeoutMs: number;
  /** Called before and after every statement: the place to inject faults and to count. What it throws is the statement's error. */
  readonly onStatement?: ((sql: string, when: 'before' | 'after') => void) | undefined;
}

/**
 * One connection to a SQLite file, synchronous. Every error is a {@link StoreError}.
 *
 * Of the `libsql` package (0.5) one has to know:
 * - it ends the whole process when it is given a boolean or a lone `Uint8Array` (always pass an array of values), or is
 *   asked `inTransaction` after `close`
 * - `Statement.get` does not reset a statement that failed: used again, it silently runs with the values of last time. So
 *   it is not used here, and a statement that failed is not used again
 * - a connection stays open until the last statement of it is collected
 */
export class SqliteDatabase {
  readonly path: string;
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();
  readonly #onStatement: SqliteDatabaseOptions['onStatement'];

  /** @param path  absolute */
  constructor(path: string, options: SqliteDatabaseOptions) {
    this.path = path;
    this.#onStatement = options.onStatement;
    const Connection = loadLibsql(path);
    try {
      const name = options.readOnly ? `${pathToFileURL(path).href}?mode=ro` : path;
      this.#connection = new Connection(name, { timeout: options.busyTimeoutMs });
    } catch (error) {
      throw new StoreError(
        'store_unusable',
        `Store ${path} cannot be opened; check that the file and its directory may be read and written, or name another.`,
        { cause: error },
      );
    }
  }

  /** Runs SQL without values and without an answer; not kept for another time. */
  exec(sql: string): void {
    this.#guard(sql, () => this.#connection.exec(sql));
  }

  /** Runs a statement; the number of rows it changed. */
  run(sql: string, values: readonly SqlValue[] = []): number {
    return this.#guard(sql, () => this.#statement(sql).run(values).changes);
  }

  /** All rows. Cast columns to what is expected: a damaged text that is not UTF-8 must never reach the binding. */
  all(sql: string, values: readonly SqlValue[] = []): readonly SqlRow[] {
    return this.#guard(sql, () => this.#statement(sql).all(values) as SqlRow[]);
  }

  /** The first row. */
  get(sql: string, values: readonly SqlValue[] = []): SqlRow | undefined {
    return this.all(sql, values)[0];
  }

  /** Undoes a transaction; whether there was one to undo does not matter, because SQLite undoes some by itself. */
  rollback(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // No transaction is left.
    }
  }

  close(): void {
    // The connection itself lives on for a while: it must not hold a lock.
    this.rollback();
    this.#statements.clear();
    this.#connection.close();
  }

  #statement(sql: string): Libsql.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      if (statement.reader) statement.raw(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(sql: string, body: () => T): T {
    try {
      this.#onStatement?.(sql, 'before');
      const value = body();
      this.#onStatement?.(sql, 'after');
      return value;
    } catch (error) {
      this.#statements.delete(sql);
      throw storeError(this.path, error);
    }
  }
}

/** Only for a store in a file: to find the binary for this machine and to load it takes longer than a run without one waits for. */
function loadLibsql(path: string): typeof Libsql {
  try {
    return createRequire(import.meta.url)('libsql') as typeof Libsql;
  } catch (error) {
    throw new StoreError(
      'store_unusable',
      `Store ${path} cannot be opened: the package libsql cannot be loaded (${messageOf(error).split('\n', 1)[0]}); install the dependencies of skein on this machine, optional ones too.`,
      { cause: error },
    );
  }
}

/** SQLite's primary result codes; whatever is not here is an I/O error of some kind. */
const CODES: Readonly<Record<number, StoreErrorCode>> = {
  // Our statements are fixed: one that does not fit the file means that the file is not as it was made.
  1: 'store_corrupt',
  5: 'store_locked',
  6: 'store_locked',
  8: 'store_unusable',
  11: 'store_corrupt',
  13: 'storage_full',
  19: 'store_corrupt',
  20: 'store_corrupt',
  24: 'store_corrupt',
  26: 'store_corrupt',
};

const MEANING: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  store_corrupt: 'is damaged; nothing was changed or deleted, put back a copy of it',
  store_locked: 'is locked by another process',
  storage_full: 'has no room left; free some and go on',
};

function storeError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const rawCode = (error as { rawCode?: unknown } | null)?.rawCode;
  const code = (typeof rawCode === 'number' ? CODES[rawCode & 0xff] : undefined) ?? 'store_unusable';
  const meaning =
    MEANING[code] ??
    'cannot be read or written; check its permissions and those of its directory, space and quota';
  return new StoreError(code, `Store ${path} ${meaning}: ${messageOf(error)}.`, { cause: error });
}

/** The lock is held by somebody else at this moment: worth another try, unlike a lease that is held. */
export function isBusy(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'store_locked' && error.cause !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

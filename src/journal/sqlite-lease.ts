import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { inTransaction } from './sqlite-schema.ts';

/** Who owns a store, as its row says. */
interface Holder {
  /** One lease of this process among others. */
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** One boot of one machine, and the namespace in which the pid means something; null where that cannot be known. */
  readonly machine: string | null;
  /** When the process began, in ticks since boot: a pid is given out again, the two together are not. */
  readonly started: string | null;
}

interface OwnerRow {
  readonly fence: number;
  readonly beat: number;
  readonly released: boolean;
  readonly holder: Holder;
}

/** Leases that this thread took, whichever copy of this module did: whether it still holds them, or could not give them back. */
const LEASES = Symbol.for('skein.leases');
const taken: Map<string, 'held' | 'dropped'> = ((
  globalThis as { [LEASES]?: Map<string, 'held' | 'dropped'> }
)[LEASES] ??= new Map());

const TAKE = 'UPDATE owner SET fence = ?, beat = beat + 1, released = 0, holder = ? WHERE one = 1';
const BEAT = 'UPDATE owner SET beat = beat + 1 WHERE one = 1';
const RELEASE = 'UPDATE owner SET released = 1 WHERE one = 1';
const READ =
  'SELECT CAST(fence AS INTEGER), CAST(beat AS INTEGER), CAST(released AS INTEGER), CAST(holder AS BLOB) FROM owner';

/**
 * The right to write a store: one process has it at a time. Each owner has a number, higher than that of all before it
 * (the fence), and every write checks in its own transaction that the number in the file still is the writer's.
 */
export class SqliteLease {
  readonly fence: number;
  readonly #database: SqliteDatabase;
  readonly #token: string;

  private constructor(database: SqliteDatabase, fence: number, token: string) {
    this.#database = database;
    this.fence = fence;
    this.#token = token;
    taken.set(token, 'held');
  }

  /**
   * Takes over at once when the owner has closed the store or is certainly dead; when that cannot be known (it is on
   * another machine), after it has shown no sign of life for `leaseMs`.
   * @throws {StoreError} `store_locked` while the owner lives
   */
  static async take(database: SqliteDatabase, leaseMs: number): Promise<SqliteLease> {
    const seen = readOwner(database);
    const life = seen.released ? 'dead' : lifeOf(seen.holder);
    if (life === 'alive') throw heldBy(database, seen);
    if (life === 'unknown') {
      await sleep(leaseMs);
      if (!isSame(seen, readOwner(database))) throw heldBy(database, readOwner(database));
    }
    const holder = self();
    const fence = inTransaction(database, () => {
      const now = readOwner(database);
      // Somebody was faster, or it lives after all.
      if (!isSame(seen, now)) throw heldBy(database, now);
      database.run(TAKE, [now.fence + 1, Buffer.from(JSON.stringify(holder))]);
      return now.fence + 1;
    });
    return new SqliteLease(database, fence, holder.token);
  }

  /** To be called inside every write transaction. @throws {StoreError} `store_locked` when another owner took over */
  check(): void {
    const now = readOwner(this.#database);
    if (now.fence === this.fence && !now.released) return;
    const { pid, host } = now.holder;
    throw new StoreError(
      'store_locked',
      `Store ${this.#database.path} was taken over by process ${pid} on ${host}; nothing was written. Close it here.`,
      { retryable: false },
    );
  }

  /** A sign of life, for those who cannot see the process itself. */
  beat(): void {
    inTransaction(this.#database, () => {
      this.check();
      this.#database.run(BEAT);
    });
  }

  /** Gives the store up. When the file cannot be told, others have to wait for this process to end; it itself need not. */
  release(): void {
    taken.set(this.#token, 'dropped');
    inTransaction(this.#database, () => {
      this.check();
      this.#database.run(RELEASE);
    });
  }
}

function readOwner(database: SqliteDatabase): OwnerRow {
  const row = database.get(READ);
  try {
    const [fence, beat, released, holder] = row!;
    const parsed = JSON.parse(Buffer.from(holder as Uint8Array).toString()) as Holder;
    return { fence: Number(fence), beat: Number(beat), released: released !== 0, holder: parsed };
  } catch (cause) {
    throw new StoreError(
      'store_corrupt',
      `Store ${database.path}: its owner's row is damaged; put back a copy of the store.`,
      { cause },
    );
  }
}

function isSame(a: OwnerRow, b: OwnerRow): boolean {
  return a.fence === b.fence && a.beat === b.beat && a.released === b.released;
}

function heldBy(database: SqliteDatabase, { holder }: OwnerRow): StoreError {
  return new StoreError(
    'store_locked',
    `Store ${database.path} is in use by process ${holder.pid} on ${holder.host}: wait until that has ended, or open the store read-only.`,
  );
}

/** This process, as the row of a store that it owns says. */
function self(): Holder {
  return {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    machine: machine(),
    started: startOf(process.pid) ?? null,
  };
}

function lifeOf(holder: Holder): 'alive' | 'dead' | 'unknown' {
  const here = machine();
  if (here === null || holder.machine !== here || holder.started === null) return 'unknown';
  const started = startOf(holder.pid);
  if (started !== undefined && started !== holder.started) return 'dead';
  if (started !== undefined && holder.pid !== process.pid) return 'alive';
  if (started !== undefined) {
    const here = taken.get(holder.token);
    // Another thread of this process may hold it, and cannot be asked.
    return here === undefined ? 'unknown' : here === 'held' ? 'alive' : 'dead';
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  return 'unknown';
}

function machine(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** When a process of this machine began; '' when it has ended and is only not collected yet; `undefined` when it cannot be seen. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces and parentheses of its own; the state follows it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? '' : fields[19];
  } catch {
    return undefined;
  }
}

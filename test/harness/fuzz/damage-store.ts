import type { Prng } from '../shared/prng.ts';
import type { StoreImage } from './journal-truth.ts';

const PAGE = 4_096;

/** The files of a store after something went wrong with the disk. */
export interface DamagedStore {
  readonly file: Buffer;
  readonly log: Buffer;
  readonly what: string;
  /** Nothing but the end of the log is gone, as after a crash: what is left must be read, and be what was written first. */
  readonly isTorn: boolean;
  /** Changes the file further by this, which leaves SQLite nothing to complain of. */
  readonly sql?: string;
}

const SQL = [
  'DELETE FROM sessions WHERE num = 2',
  'DELETE FROM entries WHERE key = (SELECT max(key) FROM entries)',
  'DELETE FROM entries WHERE key = (SELECT min(key) FROM entries) + 1',
  'DELETE FROM contents WHERE id = 2',
  'UPDATE sessions SET entries = entries - 1 WHERE num = 1',
  'UPDATE sessions SET prompts = prompts + 1 WHERE num = 3',
  'UPDATE sessions SET closed = 1 WHERE num = 1',
  'UPDATE sessions SET open_prompts = 0, updated_at = 7 WHERE num = 1',
  "UPDATE entries SET json = replace(json, 'Go', 'No') || ' ' WHERE key % 7 = 3",
  'UPDATE entries SET key = key + 1000 WHERE key = (SELECT max(key) FROM entries)',
  'UPDATE contents SET bytes = zeroblob(length(bytes) + 1)',
];

export function damageStore(prng: Prng, { file, log }: StoreImage): DamagedStore {
  if (log.length > 0 && prng.chance(0.4)) {
    const length = prng.below(log.length + 1);
    return { file, log: log.subarray(0, length), what: `the log cut at ${length}`, isTorn: true };
  }
  if (log.length > 0 && prng.chance(0.5)) {
    const [bytes, what] = damaged(prng, log);
    return { file, log: bytes, what: `the log: ${what}`, isTorn: false };
  }
  if (log.length === 0 && prng.chance(0.2)) {
    const sql = prng.pick(SQL);
    return { file, log, what: `the file: ${sql}`, isTorn: false, sql };
  }
  const [bytes, what] = damaged(prng, file);
  return { file: bytes, log, what: `the file: ${what}`, isTorn: false };
}

function damaged(prng: Prng, intact: Buffer): [Buffer, string] {
  const bytes = Buffer.from(intact);
  const pages = Math.floor(bytes.length / PAGE);
  const page = prng.below(pages) * PAGE;
  switch (prng.below(10)) {
    case 0: {
      const length = prng.below(bytes.length);
      return [bytes.subarray(0, length), `cut at ${length}`];
    }
    case 1:
      bytes.fill(0, page, page + PAGE);
      return [bytes, `zeros at ${page}`];
    case 2: {
      const other = prng.below(pages) * PAGE;
      bytes.copy(bytes, page, other, other + PAGE);
      return [bytes, `the page at ${other} again at ${page}`];
    }
    case 3: {
      const at = page + prng.below(PAGE);
      const end = Math.min(bytes.length, at + prng.between(1, 600));
      for (let i = at; i < end; i++) bytes[i] = prng.below(256);
      return [bytes, `noise from ${at} to ${end}`];
    }
    case 4: {
      // The first bytes of a page say what is in it.
      const at = page + prng.below(40);
      bytes[at] = prng.below(256);
      return [bytes, `one byte at ${at}`];
    }
    default: {
      const places = Array.from({ length: prng.between(1, 4) }, () => prng.below(bytes.length));
      for (const at of places) bytes[at] = bytes[at]! ^ (1 << prng.below(8));
      return [bytes, `one bit each at ${places.join(', ')}`];
    }
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../../src/errors.ts';
import { SqliteDatabase } from '../../../src/journal/sqlite-database.ts';
import type { StoredSession } from '../../../src/journal/store.ts';
import type { JournalEntry } from '../../../src/journal/entries.ts';
import { openSqliteStore, type SqliteStore } from '../../../src/journal/sqlite-store.ts';
import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { Prng } from '../shared/prng.ts';
import { damageStore, type DamagedStore } from './damage-store.ts';
import { Findings } from './findings.ts';
import { prompt, textOf, writeTruth, type JournalTruth, type StoreImage } from './journal-truth.ts';

/** Damages the files of a store and reads what is left: what was written, or a `StoreError`; never anything else. */
export async function fuzzJournal(options: {
  readonly seed: number;
  readonly damages: number;
}): Promise<{ figures: Figure[]; findings: Findings }> {
  const findings = new Findings();
  const folder = mkdtempSync(join(tmpdir(), 'skein-fuzz-'));
  const counts = { equal: 0, refused: 0, torn: 0 };
  let slowestMs = 0;
  try {
    const truth = await writeTruth(new Prng(options.seed).fork('truth'), folder);
    for (let i = 0; i < options.damages && !findings.isFull; i++) {
      const prng = new Prng(options.seed).fork(`damage ${i}`);
      const image = prng.pick(truth.images);
      const damage = damageStore(prng, image);
      const place = `damage ${i} (${image.name}; ${damage.what})`;
      const path = join(folder, `${i}.sqlite`);
      writeFileSync(path, damage.file);
      if (damage.log.length > 0) writeFileSync(`${path}-wal`, damage.log);
      if (damage.sql !== undefined) {
        const database = new SqliteDatabase(path, { readOnly: false, busyTimeoutMs: 1_000 });
        database.run(damage.sql);
        database.close();
      }
      const startedAt = performance.now();
      const outcome = await tryStore(prng, path, { truth, image, damage }, findings, place);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      counts[outcome]++;
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const figures = [
    told('journal: damaged stores', options.damages),
    none('journal: altered or missing, and not said', findings.count('silent')),
    none('journal: thrown but no StoreError', findings.count('uncaught')),
    none('journal: a torn log that is no prefix', findings.count('torn')),
    // Without these the damage missed, or nothing was ever left to compare.
    atLeast('journal: refused as damaged', Math.floor(options.damages / 20), counts.refused),
    atLeast('journal: read as it was written', Math.floor(options.damages / 20), counts.equal),
    atLeast('journal: torn, and read up to there', Math.floor(options.damages / 20), counts.torn),
    told('journal: slowest', `${slowestMs.toFixed(0)} ms`),
  ];
  return { figures, findings };
}

interface Case {
  readonly truth: JournalTruth;
  readonly image: StoreImage;
  readonly damage: DamagedStore;
}

async function tryStore(
  prng: Prng,
  path: string,
  known: Case,
  findings: Findings,
  place: string,
): Promise<'equal' | 'refused' | 'torn'> {
  let store: SqliteStore | undefined;
  try {
    store = await openSqliteStore(path, { readOnly: prng.chance(0.4) });
    const state = checkAll(store, known, findings, place);
    if (state !== undefined) await writeOn(store, known.truth, state, findings, place);
    return known.damage.isTorn ? 'torn' : 'equal';
  } catch (error) {
    if (!(error instanceof StoreError)) findings.add('uncaught', place, String(error));
    else if (known.damage.isTorn) findings.add('torn', place, `refused: ${error.message}`);
    return 'refused';
  } finally {
    await store?.close();
  }
}

/**
 * Every journal is read, also after one was refused: damage in one is no reason to make something of another.
 * @returns the transactions that are there; undefined when something is wrong
 * @throws {StoreError} the first, when everything was read
 */
function checkAll(
  store: SqliteStore,
  { truth, image, damage }: Case,
  findings: Findings,
  place: string,
): number | undefined {
  const found = new Map<string, number>();
  let refusal: StoreError | undefined;
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      refusal ??= error;
      return undefined;
    }
  };
  const kind = damage.isTorn ? 'torn' : 'silent';
  const listed = attempt(() => store.sessions());
  for (const [sessionId, journal] of truth.journals) {
    const entries = attempt(() => store.read(sessionId));
    const summary = attempt(() => store.session(sessionId));
    if (entries === undefined) continue;
    found.set(sessionId, entries.length);
    const wrong = entries.findIndex((entry, i) => textOf(entry) !== journal[i]);
    if (wrong !== -1) findings.add(kind, place, `entry ${wrong} of ${sessionId} is another`);
    if (summary && !isSummaryOf(summary, journal.slice(0, entries.length))) {
      findings.add(kind, place, `${sessionId} is told of as ${JSON.stringify(summary)}`);
    }
  }
  for (const { sessionId } of listed ?? []) {
    if (!truth.journals.has(sessionId)) findings.add(kind, place, `a session ${sessionId} that never was`);
  }
  if (refusal) {
    // What could be read has to be of one moment all the same.
    if (!truth.states.some((state) => [...found].every(([id, count]) => (state.get(id) ?? 0) === count))) {
      findings.add(kind, place, `${describe(found)} of no moment; refused otherwise: ${refusal.message}`);
    }
    throw refusal;
  }
  const moment = truth.states.findIndex((state) =>
    [...truth.journals.keys()].every((id) => (state.get(id) ?? 0) === found.get(id)),
  );
  const sessions = moment === -1 ? 0 : truth.states[moment]!.size;
  // The log protects itself: its first damaged page ends it, as if it had been torn off there.
  const acknowledged = image.logEnds.filter((end) => end <= damage.log.length).length;
  const least = damage.isTorn ? Math.max(image.checkpointed, acknowledged) : image.checkpointed;
  if (moment < least || listed?.length !== sessions) {
    findings.add(
      kind,
      place,
      `${describe(found)}, which is moment ${moment} of at least ${least}; ${listed?.length} listed`,
    );
    return undefined;
  }
  return moment;
}

/** Counted over the entries' texts, by hand. */
function isSummaryOf(summary: StoredSession, journal: readonly string[]): boolean {
  const entries = journal.map((text) => JSON.parse(text) as JournalEntry);
  const count = (type: string): number => entries.filter((entry) => entry.type === type).length;
  return (
    summary.entryCount === entries.length &&
    summary.promptCount === count('prompt-accepted') &&
    summary.openPromptCount === count('prompt-accepted') - count('prompt-ended') &&
    summary.updatedAt === entries.flatMap((entry) => ('at' in entry ? entry.at : [])).at(-1) &&
    !summary.closed
  );
}

/** What is written after the damage is read again, and disturbs nothing. */
async function writeOn(
  store: SqliteStore,
  truth: JournalTruth,
  moment: number,
  findings: Findings,
  place: string,
): Promise<void> {
  const [sessionId, count] = [...truth.states[moment]!][0] ?? [];
  if (sessionId === undefined || count === undefined) return;
  try {
    await store.append(sessionId, [prompt('after')]);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'store_readonly') return;
    throw error;
  }
  const entries = store.read(sessionId).map(textOf);
  const expected = [...truth.journals.get(sessionId)!.slice(0, count), textOf(prompt('after'))];
  if (entries.length !== expected.length || entries.some((text, i) => text !== expected[i])) {
    findings.add('silent', place, `${sessionId} is another after one more entry`);
  }
}

function describe(found: ReadonlyMap<string, number>): string {
  return [...found].map(([sessionId, count]) => `${JSON.stringify(sessionId)}: ${count}`).join(', ');
}

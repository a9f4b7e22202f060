import { existsSync, readFileSync } from 'node:fs';
import { SqliteDatabase } from '../../../src/journal/sqlite-database.ts';
import { openSqliteStore } from '../../../src/journal/sqlite-store.ts';
import { checkJournal, resultKey, type JournaledPrompt } from '../shared/check-journal.ts';
import type { Violations } from '../shared/violations.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import { EFFECTS, readKillPrompt } from './plan.ts';

type Told = Exclude<Acknowledgement, { type: 'open' | 'closed' }>;

export interface LedgerFiles {
  readonly store: string;
  readonly effects: string;
}

/** All that was ever acknowledged, and what the store has to say about it after each kill. */
export class Ledger {
  acknowledged = 0;
  /** Prompts seen in the store that have ended, and those that were cut off at a kill. */
  readonly endedPrompts = new Set<string>();
  readonly cutOffPrompts = new Set<string>();
  /** Prompts that were given up because the process died again and again before any step of them was done. */
  readonly givenUpPrompts = new Set<string>();
  unknownOutcomes = 0;
  readonly #seed: number;
  readonly #files: LedgerFiles;
  readonly #violations: Violations;
  readonly #told = new Map<string, Told[]>();
  /** Of each session when it was last looked at. */
  readonly #entryCounts = new Map<string, number>();
  /** Model calls whose answer the store has: prompt and turn. */
  readonly #answeredCalls = new Set<string>();
  /** Sessions with an open prompt, and sessions that are not closed, at the last kill. */
  #openPrompts: readonly string[] = [];
  #openSessions: number | undefined;

  constructor(seed: number, files: LedgerFiles, violations: Violations) {
    this.#seed = seed;
    this.#files = files;
    this.#violations = violations;
  }

  /** A request came to the model. */
  requested(text: string, turn: number): void {
    if (!this.#answeredCalls.has(`${text} ${turn}`)) return;
    this.#violations.add('model called again', text, `turn ${turn} was answered and kept before`);
  }

  /** The service said this. */
  told(line: Acknowledgement): void {
    this.acknowledged += 1;
    if (line.type === 'closed') return;
    if (line.type === 'open') return this.#opened(line);
    if (line.type === 'refused') this.#violations.add('refused', line.session, line.code);
    const lines = this.#told.get(line.session) ?? [];
    this.#told.set(line.session, lines);
    lines.push(line);
  }

  /** No service runs: holds what was told against the store. @param thorough  also the file itself, page by page */
  async check(thorough: boolean): Promise<void> {
    if (!existsSync(this.#files.store)) return;
    this.#checkFile(thorough ? 'integrity_check' : 'quick_check');
    const effects = this.#readEffects();
    const store = await openSqliteStore(this.#files.store, { readOnly: true });
    try {
      const sessions = store.sessions().filter(({ sessionId }) => sessionId.startsWith('k'));
      for (const { sessionId, entryCount } of sessions) {
        const isOld = this.#entryCounts.get(sessionId) === entryCount && !this.#told.has(sessionId);
        if (isOld) continue;
        this.#entryCounts.set(sessionId, entryCount);
        const planOf = (text: string) => readKillPrompt(this.#seed, text);
        const view = checkJournal(sessionId, store.read(sessionId), planOf, this.#violations);
        for (const prompt of view.values()) this.#checkPrompt(prompt, effects);
        for (const line of this.#told.get(sessionId) ?? []) {
          this.#checkTold(line, 'promptId' in line ? view.get(line.promptId) : undefined);
        }
        this.#told.delete(sessionId);
      }
      for (const [sessionId, lines] of this.#told) {
        this.#violations.add('lost', sessionId, `the store does not know it: ${JSON.stringify(lines[0])}`);
      }
      this.#told.clear();
      this.#openPrompts = sessions.flatMap((one) =>
        one.openPromptCount > 0 && !one.closed ? [one.sessionId] : [],
      );
      this.#openSessions = store.sessions().filter(({ closed }) => !closed).length;
    } finally {
      await store.close();
    }
  }

  /** The service has come to its end by itself: nothing may be open. */
  checkFinished(): void {
    for (const sessionId of this.#openPrompts) {
      this.#violations.add('never ended', sessionId, 'a prompt is open after the service has finished');
    }
  }

  #opened({ sessions, resumed }: Extract<Acknowledgement, { type: 'open' }>): void {
    if (this.#openSessions === undefined) return;
    if (sessions !== this.#openSessions) {
      this.#violations.add(
        'lost',
        'open',
        `${sessions} sessions were found, ${this.#openSessions} are there`,
      );
    }
    for (const sessionId of this.#openPrompts) {
      if (!resumed.includes(sessionId))
        this.#violations.add('not gone on with', sessionId, 'its prompt is open');
    }
  }

  #checkTold(line: Told, prompt: JournaledPrompt | undefined): void {
    if (line.type === 'started' || line.type === 'refused') return;
    const lost = (detail: string): void => this.#violations.add('lost', line.promptId, detail);
    if (!prompt) return lost(`${line.type} was acknowledged; it is not in the store`);
    if (line.type === 'accepted' && line.text !== prompt.text) lost('another text was kept');
    if (line.type === 'answered') {
      const kept = prompt.results.get(resultKey(line.turn, line.callId));
      if (!kept?.content.startsWith(line.content)) lost(`the answer to ${line.callId} was not kept`);
    }
    if (line.type === 'ended') {
      if (prompt.stopReason !== line.stopReason) lost(`ended ${line.stopReason}; kept ${prompt.stopReason}`);
      if (prompt.tree !== line.tree) {
        this.#violations.add('wrong tree', line.promptId, 'the result’s files are not the plan’s');
      }
    }
  }

  #checkPrompt(prompt: JournaledPrompt, effects: ReadonlyMap<string, number>): void {
    const { promptId, text, stopReason } = prompt;
    for (let turn = 0; turn < prompt.responses; turn += 1) this.#answeredCalls.add(`${text} ${turn}`);
    if (stopReason === null) this.cutOffPrompts.add(promptId);
    else this.endedPrompts.add(promptId);
    const givenUp = stopReason === 'crashed';
    if (givenUp) this.givenUpPrompts.add(promptId);
    if (stopReason !== null && stopReason !== 'end' && !givenUp) {
      this.#violations.add('wrong end', promptId, `${stopReason} ${prompt.errorCode ?? ''}`);
    }
    for (const { name, content, isError } of prompt.results.values()) {
      if (!Object.values<string>(EFFECTS).includes(name)) continue;
      if (content.includes('outcome_unknown')) this.unknownOutcomes += 1;
      const done = effects.get(`${text} ${name}`) ?? 0;
      if (!isError && done === 0)
        this.#violations.add('lost', promptId, `${name} says it was done, and was not`);
    }
    for (const name of [EFFECTS.host, EFFECTS.module]) {
      const done = effects.get(`${text} ${name}`) ?? 0;
      if (done > 1) this.#violations.add('effect done again', promptId, `${name} was done ${done} times`);
    }
  }

  #readEffects(): Map<string, number> {
    const counts = new Map<string, number>();
    if (!existsSync(this.#files.effects)) return counts;
    for (const tag of readFileSync(this.#files.effects, 'utf8').split('\n')) {
      counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    return counts;
  }

  #checkFile(pragma: 'integrity_check' | 'quick_check'): void {
    const database = new SqliteDatabase(this.#files.store, { readOnly: true, busyTimeoutMs: 1_000 });
    try {
      const [row] = database.all(`SELECT CAST(${pragma} AS BLOB) FROM pragma_${pragma}`);
      const answer = Buffer.from((row?.[0] ?? '') as Uint8Array).toString();
      if (answer !== 'ok') this.#violations.add('damaged file', pragma, answer);
    } finally {
      database.close();
    }
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { quantile } from '../shared/machine.ts';
import { Prng } from '../shared/prng.ts';
import { Violations } from '../shared/violations.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import { fillStore } from './fill-store.ts';
import { Ledger } from './ledger.ts';
import { killScript } from './plan.ts';

export interface Kill9Options {
  readonly seed: number;
  readonly rounds: number;
  readonly sessions: number;
  /** Sessions that are in the store before. */
  readonly stored: number;
  readonly isolation: 'thread' | 'process';
}

export interface Kill9Run {
  readonly figures: readonly Figure[];
  readonly violations: Violations;
  readonly folder: string;
}

/** Of a service that does not do what it is asked for. */
const STUCK_MS = 60_000;
const THOROUGH_EVERY = 20;
const MAX_VIOLATIONS = 20;

/** Starts the service, loads it, kills it at a random moment, holds its word against the store; again and again. */
export async function runKill9(options: Kill9Options, harnessUrl: string): Promise<Kill9Run> {
  const { seed, rounds, sessions, isolation } = options;
  const folder = mkdtempSync(join(tmpdir(), 'skein-kill9-'));
  const files = { store: join(folder, 'store.sqlite'), effects: join(folder, 'effects') };
  const violations = new Violations();
  const ledger = new Ledger(seed, files, violations);
  const model = await startScriptedModel(killScript(seed, ({ user, turn }) => ledger.requested(user, turn)));
  const prng = new Prng(seed).fork('kills');
  const servingMs: number[] = [];
  let kills = 0;
  try {
    if (options.stored > 0) await fillStore(files.store, options.stored, model.baseURL);
    for (let round = 1; round <= rounds + 1 && violations.list.length < MAX_VIOLATIONS; round += 1) {
      const service = new Service(harnessUrl, {
        ...files,
        baseURL: model.baseURL,
        seed,
        round,
        sessions,
        isolation,
      });
      service.onLine = (line) => ledger.told(line);
      if (round > rounds) {
        if (!(await service.finish()))
          violations.add('never ended', `round ${round}`, 'it did not come to its end');
      } else {
        await service.isOpenWithin(prng.chance(0.15) ? prng.below(400) : STUCK_MS);
        // Mostly in full work, sometimes before it has begun.
        if (prng.chance(0.7)) await service.isServing();
        await sleep(prng.below(500));
        kills += 1;
        await service.kill();
      }
      if (service.servingMs !== undefined) servingMs.push(service.servingMs);
      if (service.endedByItself) violations.add('service died', `round ${round}`, service.endedByItself);
      await ledger.check(round % THOROUGH_EVERY === 0 || round > rounds);
    }
    if (violations.list.length === 0) ledger.checkFinished();
  } finally {
    await model.close();
  }
  const figures = [
    atLeast('rounds', rounds, kills),
    told('acknowledgements', ledger.acknowledged),
    told('prompts ended', ledger.endedPrompts.size),
    told('prompts cut off by a kill and gone on with', ledger.cutOffPrompts.size),
    none('prompts given up, although others ended the process', ledger.givenUpPrompts.size),
    told('effects with an unknown outcome (times seen)', ledger.unknownOutcomes),
    none(
      'acknowledged and lost',
      violations.count('lost', 'does not fold', 'never ended', 'not gone on with'),
    ),
    none('doubled', violations.count('doubled prompt', 'answered twice', 'ended twice', 'effect done again')),
    none('answered model calls made again', violations.count('model called again')),
    none(
      'wrong answers, ends or order',
      violations.count('wrong result', 'wrong response', 'wrong end', 'order', 'unanswered call'),
    ),
    none('file trees that differ from the plan', violations.count('wrong tree')),
    none('damaged files', violations.count('damaged file')),
    none('refused, or died by itself', violations.count('refused', 'service died')),
    told('sessions stored before', options.stored),
    told('from start to first prompt accepted: p50', `${Math.round(quantile(servingMs, 0.5))} ms`),
    atMost('from start to first prompt accepted: p99', 2_000, quantile(servingMs, 0.99), 'ms'),
  ];
  return { figures, violations, folder };
}

/** One life of the service, from its start to its death. */
class Service {
  onLine: (line: Acknowledgement) => void = () => undefined;
  /** From start to the first new prompt that it accepted. */
  servingMs: number | undefined;
  /** How it died before it was told to. */
  endedByItself = '';
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #exit: Promise<unknown>;
  readonly #lines: Promise<unknown>;
  #isToEnd = false;
  #open: () => void = () => undefined;
  readonly #opened: Promise<void>;
  #closed = false;

  constructor(harnessUrl: string, options: object) {
    const file = fileURLToPath(new URL('service.client.js', harnessUrl));
    this.#child = spawn(process.execPath, [file, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#opened = new Promise((resolve) => (this.#open = resolve));
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => {
      if (!this.#isToEnd) this.endedByItself = `exit ${String(code)} ${String(signal)}`;
      this.#open();
    });
    const reader = createInterface({ input: this.#child.stdout! });
    // It may be gone before it has read.
    this.#child.stdin!.on('error', () => undefined);
    reader.on('line', (text) => this.#take(text));
    this.#lines = once(reader, 'close');
  }

  /** Resolves when it is open, has died, or the time is over. */
  async isOpenWithin(ms: number): Promise<void> {
    await Promise.race([this.#opened, sleep(ms, undefined, { ref: false })]);
  }

  /** Resolves when it has accepted a prompt, has died, or cannot be waited for any more. */
  async isServing(): Promise<void> {
    const until = performance.now() + STUCK_MS;
    while (this.servingMs === undefined && this.#child.exitCode === null && performance.now() < until) {
      await sleep(5);
    }
  }

  async kill(): Promise<void> {
    this.#isToEnd = true;
    this.#child.kill('SIGKILL');
    await Promise.all([this.#exit, this.#lines]);
  }

  /** Lets it end what it has accepted. @returns whether it did */
  async finish(): Promise<boolean> {
    await this.isOpenWithin(STUCK_MS);
    this.#isToEnd = true;
    this.#child.stdin!.write('finish\n');
    await Promise.race([this.#exit, sleep(STUCK_MS, undefined, { ref: false })]);
    await this.kill();
    return this.#closed;
  }

  #take(text: string): void {
    let line: Acknowledgement;
    try {
      line = JSON.parse(text) as Acknowledgement;
    } catch {
      // Cut by the kill: it was not said.
      return;
    }
    if (line.type === 'open') this.#open();
    if (line.type === 'closed') this.#closed = true;
    if (line.type === 'accepted') this.servingMs ??= performance.now() - this.#startedAt;
    this.onLine(line);
  }
}

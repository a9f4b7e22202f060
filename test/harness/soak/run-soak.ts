import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { startClient } from '../shared/client-process.ts';
import { atMost, none, told, type Figure } from '../shared/figures.ts';
import { leakedHandles, openHandles, settledRssMb } from '../shared/machine.ts';
import { replyTo, textOf } from './soak-plan.ts';

export interface SoakOptions {
  readonly sessions: number;
  /** At a time. */
  readonly atOnce: number;
  /** Sessions whose files a thread keeps between steps, closed ones among them until they are the oldest. */
  readonly resident: number;
  readonly store: 'memory' | 'sqlite';
  readonly isolation: 'thread' | 'process';
}

const PROMPTS = 3;
/** Of so many sessions one is left alone until it is parked. */
const PARK_EVERY = 10;
const PARK_AFTER_MS = 40;
const SAMPLES = 10;

/** Session after session: opened, three prompts with files, some parked in between, closed and removed. */
export async function runSoak(options: SoakOptions, harnessUrl: string): Promise<Figure[]> {
  const { sessions } = options;
  const folder = mkdtempSync(join(tmpdir(), 'skein-soak-'));
  const model = await startClient(harnessUrl, 'soak-model', []);
  const { baseURL } = model.hello as { baseURL: string };
  const handlesBefore = openHandles();
  const listenersBefore = listeners();
  const pool = await SessionPool.open({
    store: options.store === 'sqlite' ? `sqlite:${join(folder, 'store.sqlite')}` : 'memory',
    isolation: options.isolation,
    providers: { scripted: { baseURL } },
    // The same threads all along: a thread that is idle in the pause for a sample would go, and its memory with it.
    threads: { min: 4, max: 4 },
    limits: { parkAfterMs: PARK_AFTER_MS, maxResidentSessions: options.resident },
  });
  const soak = new Soak(pool);
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const step = Math.max(1, Math.round(sessions / SAMPLES));
  while (soak.done < sessions) {
    await soak.run(Math.min(step, sessions - soak.done), options.atOnce);
    samples.push({ done: soak.done, rssMb: await settledRssMb() });
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const stats = pool.stats();
  await pool.close();
  const leaked = await leakedHandles(handlesBefore);
  model.child.disconnect();
  rmSync(folder, { recursive: true });

  return [
    told('sessions', `${soak.done}, ${Math.round(soak.done / seconds)} a second`),
    told('parked and woken', soak.parked),
    none('prompts that went wrong', soak.wrong.length),
    ...soak.wrong.slice(0, 5).map((what) => told('wrong', what)),
    told('resident memory by sample', samples.map(({ rssMb }) => Math.round(rssMb)).join(' ')),
    ...memoryFigures(samples),
    none(
      'sessions that the pool still knows',
      Object.values(stats.sessions).reduce((sum, count) => sum + count),
    ),
    none('bytes of idle sessions', stats.idleBytes),
    { name: 'handles left', goal: 'none', measured: leaked || 'none', ok: leaked === '' },
    none('listeners left on the process', listeners() - listenersBefore),
  ];
}

/** So few sessions are over before memory has come to rest: then it is only told. */
const FEW_SESSIONS = 3_000;

interface Sample {
  readonly done: number;
  readonly rssMb: number;
}

function memoryFigures(samples: readonly Sample[]): Figure[] {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last) return [];
  const name = `resident memory after ${last.done}`;
  const early = told(`resident memory after ${first.done}`, `${Math.round(first.rssMb)} MiB`);
  if (last.done < FEW_SESSIONS) return [early, told(name, `${Math.round(last.rssMb)} MiB`)];
  return [
    early,
    atMost(name, 1.1 * first.rssMb, last.rssMb, 'MiB'),
    atMost('growth for each 1,000 sessions', 1, slope(samples) * 1_000, 'MiB'),
  ];
}

class Soak {
  done = 0;
  parked = 0;
  readonly wrong: string[] = [];
  readonly #pool: SessionPool;
  #next = 0;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  async run(count: number, atOnce: number): Promise<void> {
    const end = this.#next + count;
    const lane = async (): Promise<void> => {
      while (this.#next < end) await this.#one((this.#next += 1));
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  }

  async #one(index: number): Promise<void> {
    const session = await this.#pool.start({
      id: `soak ${index}`,
      model: 'scripted:scripted',
      files: { 'a.txt': `first text of ${index}\n`.repeat(100) },
    });
    for (let number = 0; number < PROMPTS; number += 1) {
      if (number === 1 && index % PARK_EVERY === 0) await this.#park();
      await this.#prompt(session, index, number);
    }
    await session.close();
    await this.#pool.remove(session.id);
    this.done += 1;
  }

  async #prompt(session: Session, index: number, number: number): Promise<void> {
    const text = textOf(index, number);
    const result = await session.prompt(text);
    const file = result.files.get(`f${number}.txt`);
    if (result.stopReason !== 'end' || result.reply !== replyTo(text) || typeof file !== 'string') {
      this.wrong.push(`${text}: ${result.stopReason} ${result.error?.message ?? result.reply}`);
    }
  }

  async #park(): Promise<void> {
    await sleep(2 * PARK_AFTER_MS);
    if (this.#pool.stats().sessions.parked > 0) this.parked += 1;
  }
}

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** MiB a session, by least squares. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const x = mean(samples.map(({ done }) => done));
  const y = mean(samples.map(({ rssMb }) => rssMb));
  const over = samples.reduce((sum, { done, rssMb }) => sum + (done - x) * (rssMb - y), 0);
  const under = samples.reduce((sum, { done }) => sum + (done - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

import { Piscina } from 'piscina';
import { describe, expect, it } from 'vitest';
import { PiscinaRunner } from '../../src/threads/piscina-runner.ts';
import type { StepTask } from '../../src/protocol/messages.ts';
import { systemClock } from '../../src/clock.ts';
import { workerFile } from '../../src/threads/worker-file.ts';
import { StepPage } from '../../src/protocol/step-page.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

const task = (sessionId: string): StepTask => ({
  sessionId,
  stepId: 1,
  volumeOf: 9,
  drop: [],
  changes: [],
  input: { type: 'prompt' },
  state: null,
  serial: false,
  budgetMs: 1_000,
  stepTimeoutMs: 3_000,
});

/** A step that calls one tool of the process fixture. */
const calling = (name: string, args: object = {}): StepTask => ({
  ...task('a'),
  volumeOf: 0,
  input: {
    type: 'turn',
    roundsDone: 0,
    calls: [{ id: 'c', name, arguments: JSON.stringify(args) }],
    settled: [],
    begun: [],
  },
  state: {
    spec: {
      sessionId: 'a',
      model: 'scripted:m',
      modelOptions: {},
      system: '',
      skills: [],
      tools: [{ kind: 'module', url: new URL('../fixtures/process-tools.mjs', import.meta.url).href }],
      images: [],
      maxTurns: 0,
      quota: DEFAULT_QUOTA,
    },
    overlay: [],
  },
});

function runner(data: { maxThreads?: number; maxHeapMb?: number } = {}): PiscinaRunner {
  return new PiscinaRunner(
    {
      workerFile: workerFile('session'),
      minThreads: 0,
      maxThreads: 2,
      idleTimeoutMs: 1_000,
      maxHeapMb: 128,
      residency: { maxSessions: 4, maxBytes: 1_000_000 },
      ...data,
    },
    systemClock,
  );
}

describe('slots', () => {
  it('get a thread each, also when they start at the same time, and keep it', async () => {
    const threads = runner({ maxThreads: 4 });
    const slots = [0, 1, 2, 3];
    for (let round = 0; round < 3; round += 1) {
      const runs = await Promise.all(slots.map((slot) => threads.run(slot, task(`s${slot}`))));
      expect(runs).toEqual(slots.map(() => ({ ok: true, outcome: { type: 'miss' } })));
      expect(threads.health.running).toBe(4);
    }
    await threads.close();
    expect(threads.health.running).toBe(0);
  });

  it('get a new thread after theirs was ended', async () => {
    const threads = runner();
    await threads.run(0, task('a'));
    const running = threads.run(0, task('a'));
    threads.stop(0, 0);
    expect(await running).toMatchObject({ ok: false, reason: 'cancelled' });
    expect(await threads.run(0, task('a'))).toMatchObject({ ok: true });
    await threads.close();
  });
});

describe('a thread that cannot start', () => {
  it('is a loss, not a task that waits for ever', async () => {
    const threads = runner({ maxHeapMb: 1 });
    expect(await threads.run(0, task('a'))).toMatchObject({ ok: false });
    await threads.close();
  });
});

describe('a thread that native code holds', () => {
  it('is given up and counted; the slot goes on in another, and close does not wait for it', async () => {
    const threads = runner();
    // Long enough to be given up, and no longer: nothing can end it.
    const held = calling('native-hang', { rounds: 6_000_000 });
    expect(await threads.run(0, held)).toMatchObject({ ok: false, reason: 'deadline' });
    expect(await threads.run(0, task('a'))).toMatchObject({ ok: true });
    while (threads.health.stuck === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(threads.health.stuck).toBe(1);
    await threads.close();
    expect(threads.health.stuck).toBe(1);
  });

  it('is told from one that merely ran when it was ended', async () => {
    const threads = runner();
    await threads.run(0, task('a'));
    const running = threads.run(0, calling('slow'));
    threads.stop(0, 0);
    expect(await running).toMatchObject({ ok: false });
    // As long as it takes until one counts as held.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(threads.health.stuck).toBe(0);
    await threads.close();
  });
});

describe('a tool in a session thread', () => {
  it('cannot flood the main thread with messages', async () => {
    const pool = new Piscina({
      filename: workerFile('session'),
      maxThreads: 1,
      atomics: 'disabled',
      workerData: { residency: { maxSessions: 1, maxBytes: 1_000 } },
    });
    let messages = 0;
    pool.on('message', () => (messages += 1));
    const outcome: unknown = await pool.run({ ...calling('shout'), page: StepPage.forCalls(1).buffer });
    expect(outcome).toMatchObject({ type: 'done', results: [{ content: 'shouted' }] });
    // The thread is idle: what it posted has come.
    await pool.run({ ...task('b'), page: StepPage.forCalls(0).buffer });
    expect(messages).toBe(0);
    await pool.destroy();
  });
});

import { describe, expect, it } from 'vitest';
import { PiscinaRunner } from '../../src/pool/piscina-runner.ts';
import type { StepTask } from '../../src/protocol/messages.ts';
import { systemClock } from '../../src/pool/clock.ts';
import { workerFile } from '../../src/pool/worker-file.ts';

const task = (sessionId: string): StepTask => ({
  sessionId,
  stepId: 1,
  volumeOf: 9,
  changes: [],
  input: { type: 'prompt' },
  state: null,
  serial: false,
  budgetMs: 1_000,
  stepTimeoutMs: 3_000,
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
      expect(threads.threadCount).toBe(4);
    }
    await threads.close();
    expect(threads.threadCount).toBe(0);
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

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { Placement } from '../../src/pool/placement.ts';
import { StepScheduler } from '../../src/pool/step-scheduler.ts';
import type { StepTask } from '../../src/protocol/messages.ts';
import { PiscinaRunner } from '../../src/threads/piscina-runner.ts';
import type { StepRunner } from '../../src/threads/step-runner.ts';
import { workerFile } from '../../src/threads/worker-file.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

/** Real threads, and what they were sent. */
async function withScheduler(
  { dedicated = false },
  use: (steps: StepScheduler, sent: readonly StepTask[]) => Promise<void>,
): Promise<void> {
  const sent: StepTask[] = [];
  const threads = new PiscinaRunner(
    {
      workerFile: workerFile('session'),
      minThreads: 0,
      maxThreads: 1,
      idleTimeoutMs: 1_000,
      maxHeapMb: 128,
      residency: { maxSessions: 4, maxBytes: 1_000_000 },
    },
    systemClock,
  );
  const runner: StepRunner = {
    run: (slot, task) => {
      sent.push(task);
      return threads.run(slot, task);
    },
    stop: (slot, graceMs) => threads.stop(slot, graceMs),
    health: threads.health,
    close: () => threads.close(),
  };
  const placement = new Placement({ maxThreads: 1, dedicated, patienceMs: 5 }, systemClock);
  const options = { stepTimeoutMs: 30_000, cancelGraceMs: 100 };
  try {
    await use(new StepScheduler({ options, placement, runner }), sent);
  } finally {
    await threads.close();
  }
}

function session(sessionId: string): SessionRecord {
  return new SessionRecord({
    sessionId,
    model: 'scripted:m',
    modelOptions: {},
    system: '',
    skills: [],
    tools: [],
    images: [],
    maxTurns: 0,
    quota: DEFAULT_QUOTA,
  });
}

async function step(steps: StepScheduler, record: SessionRecord, stepId: number): Promise<void> {
  const { signal } = new AbortController();
  const result = await steps.run({
    record,
    stepId,
    input: { type: 'prompt' },
    serial: false,
    signal,
    onThread: () => Promise.resolve(),
  });
  expect(result.type).toBe('done');
  record.volumeOf = stepId;
}

describe('a session that has had nothing to do for a while', () => {
  it('leaves its thread with the next step of another, and brings its state when it comes back', async () => {
    await withScheduler({}, async (steps, sent) => {
      const [a, b] = [session('a'), session('b')];
      await step(steps, a, 1);
      await step(steps, a, 2);
      steps.settle('a');
      await step(steps, b, 3);
      await step(steps, a, 4);
      expect(sent.map(({ sessionId, drop, state }) => [sessionId, drop, state !== null])).toEqual([
        ['a', [], true],
        ['a', [], false],
        ['b', ['a'], true],
        ['a', [], true],
      ]);
      expect(steps.missCount).toBe(0);
    });
  });

  it('stays where it is when its thread is its own', async () => {
    await withScheduler({ dedicated: true }, async (steps, sent) => {
      const a = session('a');
      await step(steps, a, 1);
      steps.settle('a');
      await step(steps, a, 2);
      expect(sent.map(({ drop, state }) => [drop, state !== null])).toEqual([
        [[], true],
        [[], false],
      ]);
    });
  });
});

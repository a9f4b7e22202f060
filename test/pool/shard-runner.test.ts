import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/pool/clock.ts';
import { ShardRunner } from '../../src/pool/shard-runner.ts';
import { workerFile } from '../../src/pool/worker-file.ts';
import type { SessionState, StepTask } from '../../src/protocol/messages.ts';
import type { BaseImageHandle } from '../../src/workspace/base-image.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

const open: ShardRunner[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((runner) => runner.close()));
});

function shardRunner(
  data: { shards?: number; maxThreads?: number; maxRssMb?: number; maxImageBytes?: number; maxHeapMb?: number } = {},
): ShardRunner {
  const { shards = 1, maxRssMb = 1_024, maxImageBytes = 10_000_000, maxThreads = 2, maxHeapMb = 128 } = data;
  const runner = new ShardRunner(
    {
      shards,
      maxRssMb,
      maxImageBytes,
      threads: {
        workerFile: workerFile('session'),
        minThreads: 0,
        maxThreads,
        idleTimeoutMs: 5_000,
        maxHeapMb,
        residency: { maxSessions: 16, maxBytes: 10_000_000 },
      },
    },
    systemClock,
  );
  open.push(runner);
  return runner;
}

let stepId = 0;

function task(sessionId: string, data: Partial<StepTask> = {}): StepTask {
  return {
    sessionId,
    stepId: (stepId += 1),
    volumeOf: 0,
    changes: [],
    input: { type: 'prompt' },
    state: null,
    serial: false,
    budgetMs: 1_000,
    stepTimeoutMs: 5_000,
    ...data,
  };
}

const fixture = (name: string): string => new URL(`../fixtures/${name}.mjs`, import.meta.url).href;

function state(sessionId: string, data: { images?: BaseImageHandle[]; module?: string } = {}): SessionState {
  return {
    spec: {
      sessionId,
      model: 'scripted:m',
      modelOptions: {},
      system: '',
      skills: [],
      tools: [
        { kind: 'named', name: 'coding-agent' },
        ...(data.module === undefined ? [] : [{ kind: 'module' as const, url: fixture(data.module) }]),
      ],
      images: data.images ?? [],
      maxTurns: 0,
      quota: DEFAULT_QUOTA,
    },
    overlay: [],
  };
}

const turn = (...calls: { name: string; arguments: unknown }[]): StepTask['input'] => ({
  type: 'turn',
  roundsDone: 0,
  calls: calls.map((call, index) => ({ id: `c${index}`, name: call.name, arguments: JSON.stringify(call.arguments) })),
  settled: [],
  begun: [],
});

describe('a step in a shard', () => {
  it('is answered, and leaves its session there', async () => {
    const runner = shardRunner();
    const first = task('a', { state: state('a') });
    expect(await runner.run(0, first)).toMatchObject({ ok: true, outcome: { type: 'done' } });
    expect(await runner.run(0, task('a', { volumeOf: first.stepId }))).toMatchObject({
      ok: true,
      outcome: { type: 'done' },
    });
    expect(await runner.run(0, task('b', { volumeOf: 7 }))).toEqual({ ok: true, outcome: { type: 'miss' } });
  });
});

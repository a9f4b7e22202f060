import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.ts';
import { ShardRunner } from '../../src/threads/shard-runner.ts';
import { workerFile } from '../../src/threads/worker-file.ts';
import type { SessionState, StepTask } from '../../src/protocol/messages.ts';
import type { BaseImageHandle } from '../../src/workspace/base-image.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';
import { ManualClock } from '../manual-clock.ts';

const open: ShardRunner[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((runner) => runner.close()));
});

function shardRunner(
  data: {
    shards?: number;
    maxThreads?: number;
    maxRssMb?: number;
    maxImageBytes?: number;
    maxHeapMb?: number;
  } = {},
  clock: Clock = systemClock,
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
    clock,
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
    drop: [],
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
  calls: calls.map((call, index) => ({
    id: `c${index}`,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  })),
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

describe('a shard', () => {
  it('has an empty environment, its threads and itself', async () => {
    const runner = shardRunner();
    await runner.run(0, task('a'));
    expect(readFileSync(`/proc/${runner.shards[0]?.pid}/environ`, 'latin1')).toBe('');
  });
});

describe('a base image', () => {
  const image = (text: string): BaseImageHandle =>
    fromFiles({ 'big.txt': text.repeat(1_500_000), 'b.txt': text }).handle;
  const read = turn({ name: 'read', arguments: { path: 'b.txt' } });

  async function contentOf(
    runner: ShardRunner,
    slot: number,
    sessionId: string,
    images: BaseImageHandle[],
  ): Promise<unknown> {
    const run = await runner.run(slot, task(sessionId, { input: read, state: state(sessionId, { images }) }));
    return run.ok && run.outcome.type === 'done' ? run.outcome.results[0]?.content : run;
  }

  it('is sent once to a shard, whoever needs it', async () => {
    const runner = shardRunner();
    const images = [image('x')];
    const contents = await Promise.all([0, 1].map((slot) => contentOf(runner, slot, `s${slot}`, images)));
    contents.push(await contentOf(runner, 0, 's2', images));
    expect(contents).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('x')));
    expect(runner.shards.map((shard) => shard.images.sentCount)).toEqual([1]);
  });

  it('makes room for others, and is sent again when it is wanted again', async () => {
    const runner = shardRunner({ maxImageBytes: 2_000_000 });
    const [first, second] = [image('x'), image('y')];
    const contents = [];
    for (const [n, handle] of [first, second, second, first].entries()) {
      contents.push(await contentOf(runner, 0, `s${n}`, [handle]));
    }
    expect(contents).toEqual(['x', 'y', 'y', 'x'].map((text) => expect.stringContaining(text)));
    expect(runner.shards.map((shard) => shard.images.sentCount)).toEqual([3]);
  });

  it('stays while a step needs it, however little room there is', async () => {
    const runner = shardRunner({ maxImageBytes: 1 });
    const handles = ['x', 'y', 'z'].map(image);
    const contents = await Promise.all([0, 1].map((slot) => contentOf(runner, slot, `s${slot}`, handles)));
    expect(contents).toEqual([0, 1].map(() => expect.stringContaining('x')));
  });
});

describe('a shard that is killed from outside', () => {
  it('answers its steps without blame when there are several, and is replaced', async () => {
    const runner = shardRunner();
    const slow = (id: string): StepTask =>
      task(id, {
        input: turn({ name: 'slow', arguments: { ms: 400 } }),
        state: state(id, { module: 'process-tools' }),
      });
    const running = ['a', 'b'].map((id, slot) => runner.run(slot, slow(id)));
    await callsRunning(runner, 2);
    kill(runner);
    const loss = {
      ok: false,
      reason: 'process',
      running: [],
      touched: [0],
      message: expect.stringContaining('SIGKILL'),
    };
    expect(await Promise.all(running)).toEqual([loss, loss]);
    // Both are tried alone, each in a process of its own.
    const rerun = Promise.all(['a', 'b'].map((id, slot) => runner.run(slot, slow(id))));
    expect(await rerun).toMatchObject([{ ok: true }, { ok: true }]);
    expect(runner.shards).toHaveLength(2);
    expect(await runner.run(0, slow('a'))).toMatchObject({ ok: true });
    expect(runner.shards).toHaveLength(3);
  });

  it('blames the calls of its only step', async () => {
    const runner = shardRunner();
    const input = turn({ name: 'slow', arguments: { ms: 1 } }, { name: 'slow', arguments: { ms: 5_000 } });
    const running = runner.run(0, task('a', { input, state: state('a', { module: 'process-tools' }) }));
    await callsRunning(runner, 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    kill(runner);
    expect(await running).toMatchObject({ ok: false, reason: 'process', running: [1], touched: [0, 1] });
  });

  it('is ended when it stops answering in the middle of its work', async () => {
    const runner = shardRunner();
    const input = turn({ name: 'slow', arguments: { ms: 1_000 } });
    const running = runner.run(0, task('a', { input, state: state('a', { module: 'process-tools' }) }));
    await callsRunning(runner, 1);
    process.kill(runner.shards[0]?.pid ?? NaN, 'SIGSTOP');
    expect(await running).toMatchObject({
      ok: false,
      reason: 'process',
      running: [0],
      message: expect.stringContaining('stopped answering'),
    });
  });

  it('is ended when it stops answering while it is sent what a step needs', async () => {
    const runner = shardRunner();
    expect(await runner.run(0, task('a'))).toMatchObject({ ok: true });
    process.kill(runner.shards[0]?.pid ?? NaN, 'SIGSTOP');
    const { handle } = fromFiles({ 'big.bin': Buffer.alloc(4_000_000), 'more.bin': Buffer.alloc(4_000_000) });
    const running = runner.run(0, task('b', { state: state('b', { images: [handle] }) }));
    expect(await running).toMatchObject({
      ok: false,
      reason: 'process',
      message: expect.stringContaining('stopped answering'),
    });
  });

  it('again and again is started again after a pause, not at once', async () => {
    const clock = new ManualClock();
    const runner = shardRunner({}, clock);
    for (let deaths = 1; deaths <= 6; deaths += 1) {
      expect(await runner.run(0, task(`s${deaths}`))).toMatchObject({ ok: true });
      const [shard] = runner.shards;
      process.kill(shard?.pid ?? NaN, 'SIGKILL');
      await shard?.ended;
    }
    const waiting = runner.run(0, task('t'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runner.shards).toEqual([]);
    clock.advance(50);
    expect(await waiting).toMatchObject({ ok: true });
  });

  function kill(runner: ShardRunner): void {
    process.kill(runner.shards[0]?.pid ?? NaN, 'SIGKILL');
  }

  async function callsRunning(runner: ShardRunner, count: number): Promise<void> {
    while (runner.shards[0]?.runningCalls !== count) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

describe('a shard that cannot start', () => {
  it('is a loss with its reason, again and again', async () => {
    const runner = shardRunner();
    const broken = task('a', { state: state('a') });
    for (let round = 0; round < 3; round += 1) {
      const running = runner.run(0, broken);
      while (runner.shards.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      process.kill(runner.shards[0]?.pid ?? NaN, 'SIGKILL');
      expect(await running).toMatchObject({ ok: false, reason: 'start-failed', running: [] });
    }
    expect(await runner.run(0, broken)).toMatchObject({ ok: true });
  });
});

describe('a shard that uses too much memory', () => {
  const buffers = (mb: number): Partial<StepTask> => ({
    input: turn({ name: 'buffers', arguments: { mb } }),
    state: state('a', { module: 'process-tools' }),
  });

  it('is replaced when its step is done', async () => {
    const runner = shardRunner({ maxRssMb: 250 });
    expect(await runner.run(0, task('a', buffers(220)))).toMatchObject({ ok: true });
    const [old] = runner.shards;
    await old?.ended;
    expect(await runner.run(0, task('a', { state: state('a') }))).toMatchObject({ ok: true });
  });

  it('is ended at once when it uses far too much', async () => {
    const runner = shardRunner({ maxRssMb: 150 });
    expect(await runner.run(0, task('a', buffers(2_000)))).toMatchObject({
      ok: false,
      reason: 'process',
      message: expect.stringContaining('of memory'),
      running: [0],
    });
  });
});

describe('a thread that native code holds', () => {
  it('is answered at its deadline; its shard is replaced', async () => {
    const runner = shardRunner();
    const input = turn({ name: 'native-hang', arguments: {} });
    const run = await runner.run(0, task('a', { input, state: state('a', { module: 'process-tools' }) }));
    expect(run).toMatchObject({ ok: false, reason: 'deadline', running: [0] });
    const [held] = runner.shards;
    await held?.ended;
    expect(await runner.run(0, task('a', { state: state('a') }))).toMatchObject({ ok: true });
    expect(runner.shards).toHaveLength(1);
  });
});

describe('a step that is stopped', () => {
  it('before its shard is up is cancelled at once', async () => {
    const runner = shardRunner();
    const running = runner.run(0, task('a', { state: state('a') }));
    runner.stop(0, 1_000);
    expect(await running).toMatchObject({ ok: false, reason: 'cancelled' });
  });

  it('in its thread loses the thread after the grace, and no more', async () => {
    const runner = shardRunner();
    const input = turn({ name: 'slow', arguments: { ms: 20_000 } });
    const running = runner.run(0, task('a', { input, state: state('a', { module: 'process-tools' }) }));
    while ((runner.shards[0]?.health.running ?? 0) < 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    runner.stop(0, 10);
    expect(await running).toMatchObject({ ok: false, reason: 'cancelled' });
    expect(runner.shards).toHaveLength(1);
  });
});

describe('a program with shards', () => {
  const program = fileURLToPath(new URL('../fixtures/runner-host.mjs', import.meta.url));

  interface Started {
    readonly child: ReturnType<typeof spawn>;
    readonly pid: number;
    readonly output: () => string;
  }

  /** Starts the program and waits until it has run its step. */
  async function start(isolation: 'thread' | 'process', how: string): Promise<Started> {
    const child = spawn(process.execPath, [program, isolation, how], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { result, pid } = JSON.parse(line) as { result: string; pid: number };
    expect(result).toBe('shouted');
    return { child, pid, output: () => output };
  }

  async function gone(pid: number): Promise<void> {
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it.each(['close', 'idle'])('comes to its end by itself, and they with it (%s)', async (how) => {
    const { child, pid } = await start('process', how);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    await gone(pid);
  });

  it('takes them along when it is killed', async () => {
    const { child, pid } = await start('process', 'wait');
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await gone(pid);
  });

  it.each(['thread', 'process'] as const)('shows nothing that a tool prints (%s)', async (isolation) => {
    const { child, output } = await start(isolation, 'close');
    await once(child, 'close');
    expect(output().split('\n')).toEqual([expect.stringContaining('"result"'), '']);
  });

  /** A zombie is one that nobody waits for, and is gone for us. */
  function isAlive(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  }
});

import { describe, expect, it } from 'vitest';
import type {
  SessionSpec,
  StepInput,
  StepOutcome,
  ThreadTask,
  ToolSource,
} from '../../src/protocol/messages.ts';
import { StepPage } from '../../src/protocol/step-page.ts';
import { StepHost } from '../../src/session/step-host.ts';
import type { ToolCall } from '../../src/tools/tool.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { DEFAULT_QUOTA, type FileChange } from '../../src/workspace/workspace.ts';

const CUSTOM_TOOLS = new URL('../fixtures/custom-tools.mjs', import.meta.url).href;

function spec(data: Partial<SessionSpec> = {}): SessionSpec {
  return {
    sessionId: 's',
    model: 'x:y',
    modelOptions: {},
    system: 'Be brief.',
    skills: [],
    tools: [{ kind: 'named', name: 'coding-agent' }],
    images: [fromFiles({ 'a.txt': 'one\n' }).handle],
    maxTurns: 10,
    quota: DEFAULT_QUOTA,
    ...data,
  };
}

let stepId = 0;
function task(data: Partial<ThreadTask> & { readonly input: StepInput }): ThreadTask {
  const callCount = data.input.type === 'turn' ? data.input.calls.length : 0;
  return {
    sessionId: 's',
    stepId: (stepId += 1),
    volumeOf: 0,
    drop: [],
    changes: [],
    state: null,
    page: StepPage.forCalls(callCount).buffer,
    serial: false,
    budgetMs: 10_000,
    stepTimeoutMs: 30_000,
    ...data,
  };
}

function turn(
  calls: readonly ToolCall[],
  data: Partial<Extract<StepInput, { type: 'turn' }>> = {},
): StepInput {
  return { type: 'turn', roundsDone: 0, calls, settled: [], begun: [], ...data };
}

const call = (id: string, name: string, input: object): ToolCall => ({
  id,
  name,
  arguments: JSON.stringify(input),
});

const host = (): StepHost => new StepHost({ maxSessions: 2, maxBytes: 1_000_000 });
const text = (changes: readonly FileChange[]): [string, string | null][] =>
  changes.map(({ path, bytes }) => [path, bytes && new TextDecoder().decode(bytes)]);

function done(outcome: StepOutcome): Extract<StepOutcome, { type: 'done' }> {
  if (outcome.type !== 'done') throw new Error(`the step is not done: ${JSON.stringify(outcome)}`);
  return outcome;
}

describe('the first step of a session', () => {
  it('says what every model request begins with, once', async () => {
    const thread = host();
    const first = task({ input: { type: 'prompt' }, state: { spec: spec(), overlay: [] } });
    const outcome = done(await thread.run(first));
    expect(outcome.next).toEqual({ wait: 'model' });
    expect(outcome.opening?.system).toBe('Be brief.');
    const offered = JSON.parse(outcome.opening?.tools ?? '[]') as { function: { name: string } }[];
    expect(offered.map((tool) => tool.function.name)).toEqual(['read', 'write', 'edit', 'list', 'search']);
    const second = done(await thread.run(task({ input: { type: 'prompt' }, volumeOf: first.stepId })));
    expect(second.opening).toBeNull();
  });

  it('fails by code when a tool module does not load', async () => {
    const tools: ToolSource[] = [{ kind: 'module', url: 'file:///nowhere/tools.mjs' }];
    const state = { spec: spec({ tools }), overlay: [] };
    expect(await host().run(task({ input: { type: 'open' }, state }))).toMatchObject({
      type: 'failed',
      error: { code: 'tool_module_failed', message: expect.stringContaining('/nowhere/tools.mjs') as string },
    });
  });
});

describe('a session that is not resident', () => {
  it('is a miss, and runs when it is sent with its state', async () => {
    const thread = host();
    const input = turn([call('1', 'read', { path: 'b.txt' })]);
    expect(await thread.run(task({ input, volumeOf: 7 }))).toEqual({ type: 'miss' });
    const overlay = [{ path: 'b.txt', bytes: Buffer.from('two\n') }];
    const outcome = done(await thread.run(task({ input, volumeOf: 7, state: { spec: spec(), overlay } })));
    expect(outcome.results[0]?.content).toContain('two');
  });

  it('is one whose volume is of another step', async () => {
    const thread = host();
    const first = task({ input: { type: 'prompt' }, state: { spec: spec(), overlay: [] } });
    await thread.run(first);
    expect(await thread.run(task({ input: { type: 'prompt' }, volumeOf: first.stepId + 100 }))).toEqual({
      type: 'miss',
    });
  });

  it('is the least recently used one when the thread holds too many', async () => {
    const thread = host();
    const steps: ThreadTask[] = [];
    for (const sessionId of ['a', 'b', 'c']) {
      const step = task({
        sessionId,
        input: { type: 'prompt' },
        state: { spec: spec({ sessionId }), overlay: [] },
      });
      await thread.run(step);
      steps.push(step);
    }
    const again = steps.map(({ sessionId, stepId: volumeOf }) =>
      thread.run(task({ sessionId, volumeOf, input: { type: 'prompt' } })),
    );
    expect((await Promise.all(again)).map((outcome) => outcome.type)).toEqual(['miss', 'done', 'done']);
  });
});

describe('a turn', () => {
  it('runs its calls in order and reports net changes', async () => {
    const input = turn([
      call('1', 'write', { path: 'b.txt', content: 'two\n' }),
      call('2', 'edit', { path: 'a.txt', old_string: 'one', new_string: 'eins' }),
      call('3', 'read', { path: 'a.txt' }),
    ]);
    const outcome = done(await host().run(task({ input, state: { spec: spec(), overlay: [] } })));
    expect(outcome.results.map((result) => [result.callId, result.isError])).toEqual([
      ['1', false],
      ['2', false],
      ['3', false],
    ]);
    expect(outcome.results[2]?.content).toContain('eins');
    expect(text(outcome.changes)).toEqual([
      ['b.txt', 'two\n'],
      ['a.txt', 'eins\n'],
    ]);
    expect(outcome.next).toEqual({ wait: 'model' });
  });

  it('without calls ends the prompt', async () => {
    const outcome = done(await host().run(task({ input: turn([]), state: { spec: spec(), overlay: [] } })));
    expect(outcome.next).toEqual({ wait: 'nothing', stopReason: 'end' });
  });

  it('beyond the limit runs nothing; a plain answer at the limit is no hit', async () => {
    const thread = host();
    const state = { spec: spec({ maxTurns: 2 }), overlay: [] };
    const calls = [call('1', 'write', { path: 'b.txt', content: '' })];
    const over = done(await thread.run(task({ input: turn(calls, { roundsDone: 2 }), state })));
    expect([over.results, over.changes, over.next]).toEqual([
      [],
      [],
      { wait: 'nothing', stopReason: 'max-turns' },
    ]);
    const plain = done(await thread.run(task({ input: turn([], { roundsDone: 2 }), state })));
    expect(plain.next).toEqual({ wait: 'nothing', stopReason: 'end' });
  });

  it('does not run again what is settled', async () => {
    const calls = [call('1', 'write', { path: 'b.txt', content: 'x' }), call('2', 'read', { path: 'a.txt' })];
    const settled = [{ callId: '1', name: 'write', content: 'Error: timed_out', isError: true }];
    const outcome = done(
      await host().run(task({ input: turn(calls, { settled }), state: { spec: spec(), overlay: [] } })),
    );
    expect(outcome.results.map((result) => result.callId)).toEqual(['2']);
    expect(outcome.changes).toEqual([]);
  });

  it('starts from what outside tools changed meanwhile', async () => {
    const thread = host();
    const first = task({ input: { type: 'prompt' }, state: { spec: spec(), overlay: [] } });
    await thread.run(first);
    const input = turn([call('1', 'read', { path: 'c.txt' })]);
    const changes = [{ path: 'c.txt', bytes: Buffer.from('three') }];
    const outcome = done(await thread.run(task({ input, volumeOf: first.stepId, changes })));
    expect(outcome.results[0]?.content).toContain('three');
    expect(outcome.changes).toEqual([]);
  });
});

describe('a step that has used up its time', () => {
  it('begins no further calls; the next one goes on', async () => {
    const thread = host();
    const calls = [
      call('1', 'write', { path: 'a', content: '1' }),
      call('2', 'write', { path: 'b', content: '2' }),
    ];
    const first = task({ input: turn(calls), state: { spec: spec(), overlay: [] }, budgetMs: 0 });
    const outcome = done(await thread.run(first));
    expect(outcome.results.map((result) => result.callId)).toEqual(['1']);
    const input = turn(calls, { settled: outcome.results });
    const rest = done(await thread.run(task({ input, volumeOf: first.stepId, budgetMs: 0 })));
    expect(rest.results.map((result) => result.callId)).toEqual(['2']);
  });
});

describe('an outside effect', () => {
  const tools: ToolSource[] = [
    { kind: 'module', url: CUSTOM_TOOLS },
    {
      kind: 'host',
      name: 'ask',
      description: 'asks',
      parameters: { type: 'object' },
      readOnly: false,
      idempotent: false,
    },
  ];
  const state = { spec: spec({ tools }), overlay: [] };

  it('ends the step before it, and the calls after it wait', async () => {
    const calls = [
      call('1', 'shout', { text: 'a' }),
      call('2', 'ask', {}),
      call('3', 'shout', { text: 'b' }),
    ];
    const outcome = done(await host().run(task({ input: turn(calls), state })));
    expect(outcome.results.map((result) => result.callId)).toEqual(['1']);
    expect(outcome.next).toEqual({ wait: 'outside', callIds: ['2'] });
  });

  it('of a tool module runs in the step that says it has begun', async () => {
    const calls = [call('1', 'outside', {})];
    const before = done(await host().run(task({ input: turn(calls), state })));
    expect(before.next).toEqual({ wait: 'outside', callIds: ['1'] });
    const after = done(await host().run(task({ input: turn(calls, { begun: ['1'] }), state })));
    expect(after.results).toEqual([
      { callId: '1', name: 'outside', content: 'done outside', isError: false },
    ]);
  });
});

describe('a custom tool', () => {
  const state = { spec: spec({ tools: [{ kind: 'module', url: CUSTOM_TOOLS }] }), overlay: [] };

  it('loses the workspace when its call has ended', async () => {
    const thread = host();
    const step = task({ input: turn([call('1', 'linger', {})]), state });
    expect(done(await thread.run(step)).changes).toEqual([]);
    const input = turn([call('2', 'linger-report', {})]);
    const outcome = done(await thread.run(task({ input, volumeOf: step.stepId })));
    expect(outcome.results[0]?.content).toContain('call_ended');
    expect(outcome.changes).toEqual([]);
  });

  it('hears through its signal that the step is to stop', async () => {
    const step = task({ input: turn([call('1', 'until-stopped', {})]), state });
    const running = host().run(step);
    const page = new StepPage(step.page);
    await expect.poll(() => page.running()).toEqual([0]);
    page.stop();
    expect(done(await running).results[0]?.content).toBe('stopped');
  });

  it('hears it also when a call beside it has ended', async () => {
    const step = task({ input: turn([call('1', 'until-stopped', {}), call('2', 'asks-signal', {})]), state });
    const running = host().run(step);
    const page = new StepPage(step.page);
    await expect.poll(() => [page.touched(), page.running()]).toEqual([[0, 1], [0]]);
    page.stop();
    expect(done(await running).results.map(({ content }) => content)).toEqual(['stopped', 'not aborted']);
  });

  it.each(['null', 'text', 'hostile'])('that throws %s is an error result', async (what) => {
    const outcome = done(await host().run(task({ input: turn([call('1', 'throws', { what })]), state })));
    expect(outcome.results[0]).toMatchObject({
      isError: true,
      content: expect.stringMatching(/^Error: /) as string,
    });
    expect(outcome.next).toEqual({ wait: 'model' });
  });
});

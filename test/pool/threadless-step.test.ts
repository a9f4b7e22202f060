import { describe, expect, it } from 'vitest';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { NO_USAGE } from '../../src/model/model.ts';
import { threadlessStep } from '../../src/pool/threadless-step.ts';
import type { SessionSpec, StepInput } from '../../src/protocol/messages.ts';
import { StepPage } from '../../src/protocol/step-page.ts';
import { StepHost } from '../../src/session/step-host.ts';
import type { ToolCall } from '../../src/tools/tool.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

const CALL: ToolCall = { id: 'c', name: 'list', arguments: '{}' };

function spec(data: Partial<SessionSpec> = {}): SessionSpec {
  return {
    sessionId: 's',
    model: 'x:y',
    modelOptions: {},
    system: 'Be brief.',
    skills: [],
    tools: [{ kind: 'named', name: 'coding-agent' }],
    images: [],
    maxTurns: 1,
    quota: DEFAULT_QUOTA,
    ...data,
  };
}

/** A session that has had its first prompt, up to the model's response. */
function responded(calls: readonly ToolCall[], roundsDone = 0): SessionRecord {
  const record = new SessionRecord(spec());
  record.apply({ type: 'prompt-accepted', promptId: 's/1', text: 'go', at: 0 });
  const begun = threadlessStep(record, { type: 'prompt' });
  if (!begun) throw new Error('a prompt’s beginning needs no thread');
  const { type: _, ...came } = begun;
  record.apply({ type: 'step-ended', stepId: 1, ...came, threadless: true });
  const response = { text: 'so', reasoning: '', toolCalls: calls, usage: NO_USAGE, model: '' };
  record.apply({ type: 'model-responded', response: { ...response, finishReason: 'stop' }, at: 0 });
  if (record.active) record.active.roundsDone = roundsDone;
  return record;
}

function inputOf(record: SessionRecord): StepInput {
  const move = record.nextMove();
  if (move.do !== 'step') throw new Error(`the next move is ${move.do}`);
  return move.input;
}

/** What a thread makes of the same step. */
function inThread(record: SessionRecord, input: StepInput): Promise<unknown> {
  const host = new StepHost({ maxSessions: 8, maxBytes: 1e9 });
  return host.run({
    sessionId: 's',
    stepId: 9,
    volumeOf: record.volumeOf,
    drop: [],
    changes: [],
    input,
    state: { spec: record.spec, overlay: [] },
    page: StepPage.forCalls(1).buffer,
    serial: false,
    budgetMs: 10_000,
    stepTimeoutMs: 30_000,
  });
}

describe('a step that runs nothing', () => {
  it.each([
    ['a session’s first prompt', new SessionRecord(spec()), { type: 'prompt' }],
    ['one without tools', new SessionRecord(spec({ tools: [], system: '' })), { type: 'prompt' }],
    ['a response that asks for nothing', responded([]), inputOf(responded([]))],
    ['calls after the last round', responded([CALL], 1), inputOf(responded([CALL], 1))],
  ] as const)('comes to what it does in a thread: %s', async (_, record, input) => {
    const step = threadlessStep(record, input);
    expect(step).toBeDefined();
    expect(step).toEqual(await inThread(record, input));
  });

  it('gives the files a number that no thread has, so that the next one is sent them', () => {
    const record = responded([CALL]);
    expect(record).toMatchObject({ volumeOf: 1, hostChanges: [] });
    const { volumeOf } = record;
    record.apply({
      type: 'step-ended',
      stepId: 2,
      opening: null,
      results: [],
      changes: [],
      next: { wait: 'nothing', stopReason: 'end' },
      threadless: true,
    });
    expect(record.volumeOf).toBe(volumeOf);
  });
});

describe('a step that runs something', () => {
  it.each([
    ['tool modules', new SessionRecord(spec({ tools: [{ kind: 'module', url: 'file:///t.mjs' }] })), 'open'],
    [
      'the names of tools that a module brings',
      new SessionRecord(spec({ tools: [{ kind: 'module', url: 'file:///t.mjs' }] })),
      'prompt',
    ],
  ] as const)('needs a thread: %s', (_, record, type) => {
    expect(threadlessStep(record, { type })).toBeUndefined();
  });

  it('needs a thread: calls, and an answer that is to be checked', () => {
    expect(threadlessStep(responded([CALL]), inputOf(responded([CALL])))).toBeUndefined();
    const answer = {
      text: '1',
      schema: { name: 'n', json: '{}', strict: false },
      isCut: false,
      isRepair: false,
    };
    const checked = { type: 'turn', roundsDone: 0, calls: [], settled: [], begun: [], answer } as const;
    expect(threadlessStep(responded([]), checked)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { SessionRecord, type Move } from '../../src/journal/session-record.ts';
import { transcriptOf } from '../../src/journal/transcript.ts';
import { CHAT } from '../../src/model/dialect.ts';
import { NO_USAGE, type ModelResponse } from '../../src/model/model.ts';
import type { SessionSpec, StepNext } from '../../src/protocol/messages.ts';
import type { ToolCall, ToolResult } from '../../src/tools/tool.ts';
import { DEFAULT_QUOTA, type FileChange } from '../../src/workspace/workspace.ts';

const SPEC: SessionSpec = {
  sessionId: 's',
  model: 'x:y',
  modelOptions: {},
  system: '',
  skills: [],
  tools: [{ kind: 'host', name: 'ask', description: '', parameters: {}, readOnly: false, idempotent: false }],
  images: [],
  maxTurns: 1,
  quota: DEFAULT_QUOTA,
};
const USAGE = { ...NO_USAGE, inputTokens: 10, outputTokens: 2, totalTokens: 12 };

let stepId = 0;
const accepted = (promptId: string): JournalEntry => ({
  type: 'prompt-accepted',
  promptId,
  text: `text of ${promptId}`,
  at: 1,
});
const stepEnded = (
  next: StepNext,
  data: { results?: ToolResult[]; changes?: FileChange[]; system?: string } = {},
): JournalEntry => ({
  type: 'step-ended',
  stepId: (stepId += 1),
  opening: data.system === undefined ? null : { system: data.system, tools: '[]' },
  results: data.results ?? [],
  changes: data.changes ?? [],
  next,
});
const responded = (text: string, ...calls: ToolCall[]): JournalEntry => {
  const response: ModelResponse = {
    text,
    reasoning: '',
    toolCalls: calls,
    finishReason: calls.length > 0 ? 'tool-calls' : 'stop',
    usage: USAGE,
    model: 'y',
  };
  return { type: 'model-responded', response };
};
const call = (id: string, name = 'read'): ToolCall => ({ id, name, arguments: '{}' });
const result = (callId: string, content = 'ok'): ToolResult => ({
  callId,
  name: 'read',
  content,
  isError: false,
});
const ended = (promptId: string): JournalEntry => ({
  type: 'prompt-ended',
  promptId,
  stopReason: 'end',
  error: null,
  at: 2,
});

/** The moves that a journal leads to, one after each entry. */
function moves(record: SessionRecord, entries: readonly JournalEntry[]): string[] {
  return entries.map((entry) => {
    record.apply(entry);
    return describeMove(record.nextMove());
  });
}

function describeMove(move: Move): string {
  switch (move.do) {
    case 'step':
      return move.input.type === 'turn'
        ? `turn ${move.input.calls.length} calls, ${move.input.settled.length} settled`
        : `step ${move.input.type}`;
    case 'effects':
      return `effects ${move.calls.map(({ id }) => id).join(' ')}`;
    case 'end':
      return `end ${move.stopReason}`;
    default:
      return move.do;
  }
}

describe('a prompt with one tool round', () => {
  const entries = [
    accepted('1'),
    stepEnded({ wait: 'model' }, { system: 'Be brief.' }),
    responded('let me look', call('a'), call('b')),
    stepEnded({ wait: 'model' }, { results: [result('b', 'B'), result('a', 'A')] }),
    responded('done'),
    stepEnded({ wait: 'nothing', stopReason: 'end' }),
    ended('1'),
  ];

  it('moves from the mailbox to its end', () => {
    expect(moves(new SessionRecord(SPEC), entries)).toEqual([
      'step prompt',
      'model',
      'turn 2 calls, 0 settled',
      'model',
      'turn 0 calls, 0 settled',
      'end end',
      'rest',
    ]);
  });

  it('leaves a conversation with the results in call order', () => {
    const record = SessionRecord.fold([{ type: 'opened', spec: SPEC, at: 0 }, ...entries]);
    const calls = ['a', 'b'].map((id) => ({
      id,
      type: 'function',
      function: { name: 'read', arguments: '{}' },
    }));
    const expected = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'text of 1' },
      { role: 'assistant', content: 'let me look', tool_calls: calls },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'B' },
      { role: 'assistant', content: 'done' },
    ];
    expect(record.conversation.messages).toEqual(expected);
    const encoded = record.conversation.encoded(CHAT);
    expect(JSON.parse(`[${encoded}]`)).toEqual(expected);
    record.conversation.dropEncoded();
    expect(record.conversation.encoded(CHAT)).toBe(encoded);
    expect([record.turns, record.usage.totalTokens]).toEqual([2, 24]);
  });
});

describe('a turn that is not finished', () => {
  it('goes on with the calls that are left', () => {
    const record = new SessionRecord(SPEC);
    expect(
      moves(record, [
        accepted('1'),
        stepEnded({ wait: 'model' }),
        responded('', call('a'), call('b')),
        stepEnded({ wait: 'model' }, { results: [result('a')] }),
        { type: 'call-settled', result: result('b', 'Error: timed_out') },
        stepEnded({ wait: 'model' }),
      ]).slice(3),
    ).toEqual(['turn 2 calls, 1 settled', 'turn 2 calls, 2 settled', 'model']);
  });

  it('waits outside until a host tool has answered', () => {
    const record = new SessionRecord(SPEC);
    expect(
      moves(record, [
        accepted('1'),
        stepEnded({ wait: 'model' }),
        responded('', call('a', 'ask'), call('b')),
        stepEnded({ wait: 'outside', callIds: ['a'] }),
        { type: 'effect-began', callId: 'a' },
        { type: 'effect-ended', result: result('a'), changes: [{ path: 'n', bytes: new Uint8Array(1) }] },
      ]).slice(3),
    ).toEqual(['effects a', 'effects a', 'turn 2 calls, 1 settled']);
    expect(record.hostChanges.map(({ path }) => path)).toEqual(['n']);
  });

  it('goes back to the thread when a module’s effect may begin', () => {
    const record = new SessionRecord(SPEC);
    const path = moves(record, [
      accepted('1'),
      stepEnded({ wait: 'model' }),
      responded('', call('a', 'deploy')),
      stepEnded({ wait: 'outside', callIds: ['a'] }),
      { type: 'effect-began', callId: 'a' },
    ]);
    expect(path.slice(3)).toEqual(['effects a', 'turn 1 calls, 0 settled']);
    expect(record.nextMove()).toMatchObject({ input: { begun: ['a'] } });
  });
});

describe('losses', () => {
  const lost: JournalEntry = { type: 'step-lost', stepId: 1, reason: 'exit', suspects: ['a'], message: '' };

  it('are counted by call and forgotten on progress', () => {
    const record = new SessionRecord(SPEC);
    moves(record, [accepted('1'), stepEnded({ wait: 'model' }), responded('', call('a')), lost, lost]);
    expect([record.active?.losses, record.active?.turn?.deaths.get('a')]).toEqual([2, 2]);
    record.apply({ type: 'call-settled', result: result('a') });
    expect(record.active?.losses).toBe(0);
  });
});

describe('the mailbox', () => {
  it('begins the next prompt when one ends, and lets a waiting one leave', () => {
    const record = new SessionRecord(SPEC);
    moves(record, [accepted('1'), accepted('2'), accepted('3')]);
    expect([record.active?.promptId, record.queue.map(({ promptId }) => promptId)]).toEqual([
      '1',
      ['2', '3'],
    ]);
    moves(record, [ended('2'), ended('1')]);
    expect([record.active?.promptId, record.queue]).toEqual(['3', []]);
  });
});

describe('the overlay', () => {
  it('keeps the order of last change and marks deletions', () => {
    const record = new SessionRecord(SPEC);
    const bytes = new Uint8Array(1);
    moves(record, [
      stepEnded(
        { wait: 'model' },
        {
          changes: [
            { path: 'a', bytes },
            { path: 'b', bytes },
          ],
        },
      ),
      stepEnded({ wait: 'model' }, { changes: [{ path: 'a', bytes: null }] }),
    ]);
    expect([...record.overlay]).toEqual([
      ['b', bytes],
      ['a', null],
    ]);
  });
});

describe('a session that is restored', () => {
  const bytes = new Uint8Array(5);
  const prompted = [
    accepted('1'),
    stepEnded({ wait: 'model' }, { system: 'Be brief.', changes: [{ path: 'a', bytes }] }),
    responded('let me “look”\ud800', call('a')),
    stepEnded({ wait: 'model' }, { results: [result('a', 'A')] }),
    responded('done'),
    stepEnded({ wait: 'nothing', stopReason: 'end' }),
    ended('1'),
  ];
  const restored = (
    data: Partial<Extract<JournalEntry, { type: 'restored' }>>,
  ): Extract<JournalEntry, { type: 'restored' }> => ({
    type: 'restored',
    from: { sessionId: 's', promptId: '1' },
    keptMessages: 0,
    messages: [],
    overlay: [],
    opening: null,
    stepId: 99,
    at: 3,
    ...data,
  });

  it('sends the provider the very same bytes, through a journal and back', () => {
    const parent = SessionRecord.fold([{ type: 'opened', spec: SPEC, at: 0 }, ...prompted]);
    const { messages } = parent.conversation;
    const kept = JSON.parse(JSON.stringify(restored({ messages, opening: parent.opening }))) as JournalEntry;
    const fork = SessionRecord.fold([{ type: 'opened', spec: { ...SPEC, sessionId: 'f' }, at: 0 }, kept]);
    const next = [accepted('f/1'), stepEnded({ wait: 'model' })];
    moves(parent, [accepted('2'), stepEnded({ wait: 'model' })]);
    moves(fork, next);
    const sent = (record: SessionRecord): string =>
      record.conversation.encoded(CHAT).replace(/text of (2|f.1)/, 'text');
    expect(sent(fork)).toBe(sent(parent));
    expect(JSON.parse(`[${fork.conversation.encoded(CHAT)}]`)).toEqual(fork.conversation.messages);
    expect(fork.opening).toEqual(parent.opening);
    expect([fork.turns, fork.usage.totalTokens, fork.point]).toEqual([0, 0, null]);
  });

  it('has the files of the entry and no others, under a volume that no thread has', () => {
    const record = SessionRecord.fold([{ type: 'opened', spec: SPEC, at: 0 }, ...prompted]);
    record.hostChanges.push({ path: 'host', bytes });
    const before = record.byteLength;
    record.apply(restored({ keptMessages: 2, overlay: [{ path: 'z', bytes }], stepId: 99 }));
    expect([...record.overlay]).toEqual([['z', bytes]]);
    expect([record.volumeOf, record.hostChanges, record.point]).toEqual([99, [], '1']);
    expect(record.conversation.messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(JSON.parse(`[${record.conversation.encoded(CHAT)}]`)).toEqual(record.conversation.messages);
    expect(record.byteLength).toBeLessThan(before);
    // What was spent is spent.
    expect([record.turns, record.usage.totalTokens]).toEqual([2, 24]);
  });

  it('has its first step say what requests begin with, where none has', () => {
    const record = new SessionRecord(SPEC);
    record.apply(restored({}));
    expect(record.volumeOf).toBe(0);
  });

  it('is between its prompts', () => {
    const record = new SessionRecord(SPEC);
    record.apply(accepted('1'));
    expect(() => record.apply(restored({}))).toThrow('between its prompts');
    expect(() => new SessionRecord(SPEC).apply(restored({ keptMessages: 1 }))).toThrow(RangeError);
  });

  it('is told as what happened, with what was undone', () => {
    const journal: JournalEntry[] = [{ type: 'opened', spec: SPEC, at: 0 }, ...prompted];
    const undone = transcriptOf([...journal, restored({ from: { sessionId: 's', promptId: null } })]);
    expect(undone.map(({ type }) => type)).toEqual([
      ...Array.from({ length: 5 }, () => 'message'),
      'prompt-ended',
      'undone',
    ]);
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const fork = transcriptOf([
      { type: 'opened', spec: SPEC, at: 0 },
      restored({ from: { sessionId: 'other', promptId: '1' }, messages }),
      accepted('2'),
    ]);
    expect(fork.map(({ type }) => type)).toEqual(['message', 'forked', 'prompt-open']);
  });
});

it('a journal that does not begin with `opened` is refused', () => {
  expect(() => SessionRecord.fold([accepted('1')])).toThrow('begins with an `opened` entry');
});

describe('a compaction', () => {
  const compacted = (usage: typeof USAGE | null): JournalEntry => ({
    type: 'compacted',
    how: 'summarised',
    compaction: {
      head: 2,
      replacement: [{ role: 'user', content: 'so far' }],
      promptAt: null,
      upTo: 4,
      trimBefore: 4,
      afterTokens: 40,
    },
    beforeTokens: 90,
    usage,
    at: 5,
  });
  const entries = [
    accepted('1'),
    stepEnded({ wait: 'model' }, { system: 'Be brief.' }),
    responded('', call('a')),
    stepEnded({ wait: 'model' }, { results: [result('a')] }),
    compacted(USAGE),
    responded('done'),
    stepEnded({ wait: 'nothing', stopReason: 'end' }),
    ended('1'),
  ];

  it('changes what is sent and not what was said, and what its summary took counts', () => {
    const record = SessionRecord.fold([{ type: 'opened', spec: SPEC, at: 0 }, ...entries]);
    const { messages, sent } = record.conversation;
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant']);
    expect(sent.map(({ content }) => content)).toEqual(['Be brief.', 'text of 1', 'so far', 'done']);
    expect(JSON.parse(`[${record.conversation.encoded(CHAT)}]`)).toEqual(sent);
    expect([record.turns, record.usage.totalTokens]).toEqual([2, 36]);
  });

  it('leaves the move as it was', () => {
    const record = new SessionRecord(SPEC);
    const [last] = moves(record, entries.slice(0, 5)).slice(-1);
    expect(last).toBe('model');
    expect(record.active?.usage.totalTokens).toBe(24);
  });

  it('is gone where the conversation is restored to a point before it, and there where it is after it', () => {
    const record = SessionRecord.fold([{ type: 'opened', spec: SPEC, at: 0 }, ...entries]);
    const { compaction, messages } = record.conversation;
    const restored = {
      type: 'restored',
      from: { sessionId: 's', promptId: null },
      keptMessages: 2,
      messages: messages.slice(2),
      overlay: [],
      opening: null,
      stepId: 9,
      at: 6,
    } as const;
    record.apply(restored);
    expect(record.conversation.sent).toEqual(messages);
    record.apply({ ...restored, compaction: compaction! });
    expect(record.conversation.sent.map(({ content }) => content)).toEqual([
      'Be brief.',
      'text of 1',
      'so far',
      'done',
    ]);
  });

  it('is in the transcript where it was made', () => {
    const items = transcriptOf([{ type: 'opened', spec: SPEC, at: 0 }, ...entries]);
    expect(items.map(({ type }) => type)).toEqual([
      'message',
      'message',
      'message',
      'message',
      'compacted',
      'message',
      'prompt-ended',
    ]);
    expect(items[4]).toEqual({
      type: 'compacted',
      how: 'summarised',
      beforeTokens: 90,
      afterTokens: 40,
      replacement: [{ role: 'user', content: 'so far' }],
      at: 5,
    });
  });
});

describe('a session whose provider counts', () => {
  it('knows its characters a token by the last response, and not by figures that are estimates', () => {
    const record = new SessionRecord(SPEC);
    for (const entry of [accepted('1'), stepEnded({ wait: 'model' }, { system: 'x '.repeat(50) })])
      record.apply(entry);
    const weight = record.sentWeight;
    record.apply(responded('', call('a')));
    expect(record.charsPerToken).toBe(weight / 10);
    record.apply(stepEnded({ wait: 'model' }, { results: [result('a', 'y '.repeat(900))] }));
    const guessed = responded('done') as Extract<JournalEntry, { type: 'model-responded' }>;
    const usage = { ...USAGE, inputTokens: 1_000, estimated: true };
    record.apply({ ...guessed, response: { ...guessed.response, usage } });
    expect(record.charsPerToken).toBe(weight / 10);
  });
});

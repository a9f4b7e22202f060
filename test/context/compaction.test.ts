import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headOf, project, startOfLastTurns, type Compaction } from '../../src/context/compaction.ts';
import { cutsFor, planReplacement, planTrim } from '../../src/context/plan-compaction.ts';
import { mechanicalSummary, summaryMessage, summaryRequest } from '../../src/context/summary.ts';
import { touchedFiles } from '../../src/context/touched-files.ts';
import { weightOf } from '../../src/context/estimate.ts';
import { Conversation } from '../../src/journal/conversation.ts';
import { CHAT } from '../../src/model/dialect.ts';
import type { Message } from '../../src/model/message.ts';
import { checkConversation } from '../harness/shared/check-turn.ts';
import { Violations } from '../harness/shared/violations.ts';

const user = (content: string): Message => ({ role: 'user', content });
const says = (content: string): Message => ({ role: 'assistant', content });
const calls = (...made: [id: string, name: string, args: unknown][]): Message => ({
  role: 'assistant',
  content: null,
  tool_calls: made.map(([id, name, args]) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  })),
});
const answers = (id: string, content: string): Message => ({ role: 'tool', tool_call_id: id, content });

const LONG = 'x'.repeat(12_345);
const TOLD: Message[] = [
  { role: 'system', content: 'Be brief.' },
  user('the task'),
  calls(['1', 'read', { path: 'a.ts' }], ['2', 'read', { path: 'b.ts' }]),
  answers('1', LONG),
  answers('2', 'short'),
  calls(['1', 'read', { path: 'c.ts' }]),
  answers('1', LONG),
  says('done'),
  user('more'),
  calls(['1', 'write', { path: 'c.ts', content: 'new' }]),
  answers('1', 'written'),
];

describe('trimming', () => {
  it('puts a line that names the call in the place of long results, before the turns that stay', () => {
    const { compaction } = planTrim({ messages: TOLD, compaction: null, keepTurns: 2 });
    expect(project(TOLD, compaction)).toEqual([
      ...TOLD.slice(0, 3),
      answers(
        '1',
        '[output of read {"path":"a.ts"} left out: 12,345 characters; if you need it, call again, for less at a time]',
      ),
      TOLD[4],
      TOLD[5],
      answers(
        '1',
        '[output of read {"path":"c.ts"} left out: 12,345 characters; if you need it, call again, for less at a time]',
      ),
      ...TOLD.slice(7),
    ]);
  });

  it('shortens long arguments, and leaves what is said in the last turns', () => {
    const messages = [user('t'), calls(['1', 'run', { text: '🦊'.repeat(400) }]), answers('1', LONG)];
    const { compaction } = planTrim({ messages, compaction: null, keepTurns: 0 });
    const [, , result] = project(messages, compaction);
    expect(result?.content).toMatch(/^\[output of run \{"text":"(?:🦊)+… left out: 12,345 characters;/u);
    expect(result?.content).not.toMatch(/\p{Cs}/u);
    expect(project(messages, planTrim({ messages, compaction: null, keepTurns: 1 }).compaction)).toEqual(
      messages,
    );
  });
});

describe('a replacement', () => {
  const summary = user('summary');

  it('stands between the task and the last turns, with the prompt in progress after it', () => {
    const planning = { messages: TOLD, compaction: null, keepTurns: 1 };
    expect(cutsFor(planning)).toEqual([8]);
    expect(project(TOLD, planReplacement(planning, 8, summary, 8).compaction)).toEqual([
      ...TOLD.slice(0, 2),
      summary,
      ...TOLD.slice(8),
    ]);
    const longer = [...TOLD, calls(['9', 'list', {}]), answers('9', '')];
    expect(
      project(longer, planReplacement({ ...planning, messages: longer }, 11, summary, 8).compaction),
    ).toEqual([...TOLD.slice(0, 2), summary, TOLD[8], ...longer.slice(11)]);
  });

  it('is offered with fewer turns after it, until one is left, and none before a prompt that is new', () => {
    const many = [user('t'), ...Array.from({ length: 6 }, (_, n) => says(`${n}`))];
    expect(cutsFor({ messages: many, compaction: null, keepTurns: 4 })).toEqual([3, 5, 6]);
    const asked = [...many, user('next')];
    expect(cutsFor({ messages: asked, compaction: null, keepTurns: 4 })).toEqual([3, 5, 6, 7]);
  });

  it('is none where all but the last turn is replaced already', () => {
    const planning = { messages: TOLD, compaction: null, keepTurns: 1 };
    const { compaction } = planReplacement(planning, 8, summary, null);
    expect(cutsFor({ ...planning, compaction: { ...compaction, afterTokens: 1 } })).toEqual([]);
  });
});

describe('a summary', () => {
  it('is asked for with as much of the transcript as fits', () => {
    const [system, all] = summaryRequest(TOLD.slice(1, 8), 1_000_000);
    expect(system?.role).toBe('system');
    expect(all?.content).toContain(
      '[user] the task\n[call] read {"path":"a.ts"}\n[call] read {"path":"b.ts"}\n[result] xxx',
    );
    expect(all?.content).toContain('x… [10,345 characters more]');
    for (const maxWeight of [4_000, 1_000, 200, 50]) {
      const [, less] = summaryRequest(TOLD.slice(1, 8), maxWeight);
      expect(weightOf(less?.content as string)).toBeLessThan(maxWeight + 100);
    }
  });

  it('says what it stands for, and names files that were read and changed, each once, latest first', () => {
    expect(touchedFiles(TOLD)).toEqual({ read: ['c.ts', 'b.ts', 'a.ts'], changed: ['c.ts'] });
    const { content } = summaryMessage({ summary: ' It went well.\n', count: 9, files: touchedFiles(TOLD) });
    expect(content).toBe(
      '[9 earlier messages of this conversation were left out, because it no longer fits in the context window. This stands for them.]\n\n' +
        'It went well.\n\nFiles changed so far, latest first: c.ts\n\nFiles read so far, latest first: b.ts, a.ts',
    );
  });

  it('knows files by patches of both formats, not by calls that failed or are no JSON', () => {
    const patch = '*** Begin Patch\n*** Update File: /a b.ts\n*** Move to: c.ts\n@@\n*** End Patch';
    const unified = '--- a/d.ts\n+++ b/d.ts\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/e.ts\n';
    const broken: Message = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: '1', type: 'function', function: { name: 'write', arguments: '{"path": "x' } }],
    };
    expect(
      touchedFiles([
        calls(['1', 'apply_patch', { patch }], ['2', 'patch', { patch: unified }]),
        answers('1', 'ok'),
        answers('2', 'ok'),
        calls(['1', 'write', { path: 'refused.ts' }]),
        answers('1', 'Error: no'),
        broken,
        answers('1', 'ok'),
      ]),
    ).toEqual({ read: [], changed: ['e.ts', 'd.ts', 'c.ts', 'a b.ts'] });
  });

  it('can be made without a model', () => {
    expect(mechanicalSummary(TOLD.slice(1))).toBe(
      'user: the task\n(calls: read 3×)\nassistant: done\nuser: more\n(calls: write 1×)',
    );
  });
});

/** Any history that a session can have: prompts, turns with none to three calls, each answered. */
const history = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.array(fc.array(fc.constantFrom(10, 399, 400, 5_000), { maxLength: 3 }), { maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([hasSystem, prompts]) => {
    const messages: Message[] = hasSystem ? [{ role: 'system', content: 'Be brief.' }] : [];
    prompts.forEach((turns, prompt) => {
      messages.push(user(`prompt ${prompt}`));
      turns.forEach((sizes, turn) => {
        if (sizes.length === 0) messages.push(says(`said in ${prompt}.${turn}`));
        if (sizes.length === 0) return;
        // Ids that come again, as some providers give them.
        messages.push(
          calls(...sizes.map((size, at) => [`${at}`, 'read', { size, at }] as [string, string, object])),
        );
        sizes.forEach((size, at) => messages.push(answers(`${at}`, 'x'.repeat(size))));
      });
    });
    return messages;
  });

const compactions = fc.array(
  fc.record({ keepTurns: fc.nat(4), cut: fc.nat(3), trims: fc.boolean(), grows: history }),
  {
    maxLength: 4,
  },
);

function assertValid(sent: readonly Message[]): void {
  const violations = new Violations();
  checkConversation(sent, 'projection', violations);
  expect(violations.list).toEqual([]);
}

describe('whatever is compacted, again and again', () => {
  it('is a history that providers take, with task and prompt in it, and the same whichever way it is made', () => {
    fc.assert(
      fc.property(history, compactions, (first, rounds) => {
        const conversation = new Conversation();
        conversation.restore(0, first);
        let isTrimmedWhole = false;
        for (const { keepTurns, cut, trims, grows } of rounds) {
          const { messages, compaction } = conversation;
          const promptAt = messages.findLastIndex(({ role }) => role === 'user');
          const planning = { messages, compaction, keepTurns };
          const cuts = cutsFor(planning);
          const plan =
            trims || cuts.length === 0
              ? planTrim(planning)
              : planReplacement(planning, cuts[cut % cuts.length]!, user('summary'), promptAt);
          const chosen: Compaction = { ...plan.compaction, afterTokens: 1 };
          conversation.compact(chosen);
          const { sent } = conversation;
          assertValid(sent);
          expect(sent.slice(0, headOf(messages))).toEqual(messages.slice(0, headOf(messages)));
          expect(sent).toContain(messages[promptAt]);
          expect(conversation.messages).toEqual(messages);
          // With no turn to keep, results of the last one go too, and stay away.
          isTrimmedWhole ||= keepTurns === 0;
          const isAsked = messages.at(-1)?.role === 'user';
          const lastTurn = messages.slice(startOfLastTurns(messages, isAsked ? 0 : 1));
          if (!isTrimmedWhole) expect(sent.slice(sent.length - lastTurn.length)).toEqual(lastTurn);
          // What is sent of what is sent is the same: stubs are not trimmed again.
          const again = {
            head: headOf(sent),
            replacement: [],
            promptAt: null,
            upTo: headOf(sent),
            trimBefore: sent.length,
          };
          expect(project(project(sent, again), again)).toEqual(project(sent, again));

          const before = conversation.encoded(CHAT);
          const more = grows.filter(({ role }) => role !== 'system');
          conversation.restore(messages.length, more, chosen);
          assertValid(conversation.sent);
          const anew = new Conversation();
          anew.restore(0, conversation.messages, chosen);
          expect(anew.sent).toEqual(conversation.sent);
          expect(anew.encoded(CHAT)).toBe(conversation.encoded(CHAT));
          expect(conversation.encoded(CHAT).startsWith(before)).toBe(true);
          expect(anew.sentWeight).toBe(conversation.sentWeight);
        }
      }),
      { numRuns: 400 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { leanEntry } from '../../src/journal/lean-entry.ts';
import { NO_USAGE } from '../../src/model/model.ts';

const STEP: Extract<JournalEntry, { type: 'step-ended' }> = {
  type: 'step-ended',
  stepId: 1,
  opening: { system: 'Be brief.', tools: null },
  results: [],
  changes: [],
  next: { wait: 'model' },
};
const RESPONDED: Extract<JournalEntry, { type: 'model-responded' }> = {
  type: 'model-responded',
  response: {
    text: 'done',
    reasoning: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: NO_USAGE,
    model: 'm',
    reasoningDetails: [],
    from: { provider: 'here', model: 'm', api: 'chat' },
  },
  at: 1,
};

/** As it comes from a thread or a store. */
function lean<Entry extends JournalEntry>(entry: Entry): Entry {
  return leanEntry(structuredClone(entry)) as Entry;
}

describe('an entry that is kept', () => {
  it('says what it said', () => {
    const named: JournalEntry = {
      ...STEP,
      opening: null,
      results: [{ callId: 'c', name: 'read', content: 'text', isError: false }],
      changes: [{ path: 'a', bytes: Uint8Array.of(1) }],
      next: { wait: 'nothing', stopReason: 'end' },
    };
    const withoutSource: JournalEntry = {
      type: 'model-responded',
      response: { text: '', reasoning: 'r', toolCalls: [], finishReason: 'stop', usage: NO_USAGE, model: '' },
      at: 2,
    };
    for (const entry of [STEP, RESPONDED, named, withoutSource]) expect(lean(entry)).toStrictEqual(entry);
  });

  it('shares with others what they say alike', () => {
    const [a, b] = [lean(STEP), lean(STEP)];
    expect(
      [a.opening, a.results, a.changes, a.next].map(
        (part, at) => part === [b.opening, b.results, b.changes, b.next][at],
      ),
    ).toEqual([true, true, true, true]);
    expect(lean(RESPONDED).response.from).toBe(lean(RESPONDED).response.from);
    const other = structuredClone(RESPONDED);
    expect(
      lean({
        ...other,
        response: { ...other.response, from: { provider: 'there', model: 'm', api: 'chat' } },
      }).response.from?.provider,
    ).toBe('there');
  });
});

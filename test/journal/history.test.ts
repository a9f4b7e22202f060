import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { History } from '../../src/journal/history.ts';
import { opened, prompt, restored } from '../contracts/journal-store.ts';

const ended = (promptId: string): JournalEntry => ({
  type: 'prompt-ended',
  promptId,
  stopReason: 'end',
  error: null,
  at: 2,
});
const back = (promptId: string | null): JournalEntry => ({
  ...restored('s', null),
  from: { sessionId: 's', promptId },
});

/** The points from the present back to the start. */
function way(history: History): (string | null)[] {
  const ids = [];
  for (let point = history.current; ; point = point.previous) {
    ids.push(point.promptId);
    if (!point.previous) return ids;
  }
}

describe('the points of a journal', () => {
  it('follow one another, each after its prompt’s end', () => {
    const entries = [opened('s'), prompt('1'), ended('1'), prompt('2'), prompt('3'), ended('2'), ended('3')];
    const history = new History(entries);
    expect(way(history)).toEqual(['3', '2', '1', null]);
    expect(history.at('2')?.entryCount).toBe(6);
    expect(history.at(null)?.entryCount).toBe(1);
    expect(history.at('4')).toBeUndefined();
  });

  it('are not those of prompts that have not ended', () => {
    const history = new History([opened('s'), prompt('1'), ended('1'), prompt('2')]);
    expect([way(history), history.at('2')]).toEqual([['1', null], undefined]);
  });

  it('branch where an undo went back', () => {
    const entries = [
      opened('s'),
      ...['1', '2', '3'].flatMap((id) => [prompt(id), ended(id)]),
      back('1'),
      prompt('4'),
      ended('4'),
    ];
    expect(way(new History(entries))).toEqual(['4', '1', null]);
    expect(way(new History([...entries, back('3')]))).toEqual(['3', '2', '1', null]);
    expect(way(new History([...entries, back(null), prompt('5'), ended('5')]))).toEqual(['5', null]);
  });

  it('begin, in a fork, with what it took over', () => {
    const history = new History([opened('f'), restored('s', null), prompt('1'), ended('1')]);
    expect([way(history), history.at(null)?.entryCount]).toEqual([['1', null], 2]);
  });

  it('are the last one before, for a prompt that ended while it waited', () => {
    const entries = [prompt('1'), ended('1'), prompt('2'), prompt('3'), ended('3'), ended('2')];
    const history = new History([opened('s'), ...entries]);
    expect([history.at('3')?.promptId, way(history)]).toEqual(['1', ['2', '1', null]]);
  });
});

import { describe, expect, it } from 'vitest';
import { LoopWatch } from '../../src/context/loops.ts';

/** Turns of calls, each as `call` or `call=result`; what is counted of each turn. */
function counts(...turns: string[][]): number[][] {
  const watch = new LoopWatch();
  return turns.map((turn) => {
    const calls = turn.map((text, at) => ({ id: `${at}`, name: 'do', arguments: text.split('=')[0]! }));
    const results = new Map(
      turn.map((text, at) => [
        `${at}`,
        { callId: `${at}`, name: 'do', content: text.split('=')[1] ?? 'same', isError: false },
      ]),
    );
    return watch.take(calls, results).map(({ count }) => count);
  });
}

describe('a loop', () => {
  it('is the same call with the same result, turn after turn', () => {
    expect(counts(['a'], ['a'], ['a'], ['a'])).toEqual([[], [2], [3], [4]]);
  });

  it('is two that take turns, and several in one turn', () => {
    expect(counts(['a'], ['b'], ['a'], ['b'], ['a'], ['b'])).toEqual([[], [], [2], [2], [3], [3]]);
    expect(counts(['a', 'b'], ['a', 'b'], ['b', 'a'])).toEqual([[], [2, 2], [3, 3]]);
  });

  it('is told by what arguments say, not by how they are written', () => {
    expect(counts(['{"a":1,"b":{"c":[1,2],"d":2}}'], ['{ "b": {"d":2,"c":[1,2]}, "a": 1 }'])).toEqual([
      [],
      [2],
    ]);
    expect(counts(['{"a":[1,2]}'], ['{"a":[2,1]}'])).toEqual([[], []]);
    expect(counts(['{"a":'], ['{"a":'])).toEqual([[], [2]]);
  });

  it('is none where the result is another', () => {
    expect(counts(['a=1'], ['a=2'], ['a=3'])).toEqual([[], [], []]);
    expect(counts(['a=1'], ['a=2'], ['a=1'], ['a=2'], ['a=1'])).toEqual([[], [], [2], [2], [3]]);
  });

  it('begins anew after a call that is new: who looks again between two edits is not stuck', () => {
    expect(counts(['a'], ['b'], ['a'], ['c'], ['a'], ['d'], ['a'])).toEqual([[], [], [2], [], [2], [], [2]]);
    expect(counts(['a'], ['a', 'b'], ['a', 'c'], ['a'])).toEqual([[], [2], [2], [3]]);
  });

  it('counts the same call twice in one turn once', () => {
    expect(counts(['a', 'a', 'a'], ['a', 'a'])).toEqual([[], [2]]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Priority } from '../../src/model/model.ts';
import { FairQueue, type Queued } from '../../src/gate/fair-queue.ts';

interface Item extends Queued {
  readonly name: string;
}

function item(sessionId: string, priority: Priority = 'interactive'): Item {
  return { name: sessionId, sessionId, priority, startTag: 0, order: 0, heapIndex: -1 };
}

function takeAll(queue: FairQueue<Item>, count = Infinity): string[] {
  const names: string[] = [];
  for (let next = queue.peek(); next && names.length < count; next = queue.peek()) {
    queue.take(next);
    names.push(next.name);
  }
  return names;
}

describe('a fair queue', () => {
  it('goes round the sessions, however much each of them asks for', () => {
    const queue = new FairQueue<Item>();
    for (const session of ['a', 'a', 'a', 'a', 'b', 'c', 'b']) queue.add(item(session));
    expect(takeAll(queue)).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'a']);
  });

  it('lets a new session in at the present, not before those that have waited', () => {
    const queue = new FairQueue<Item>();
    for (let count = 0; count < 5; count += 1) queue.add(item('a'));
    expect(takeAll(queue, 3)).toEqual(['a', 'a', 'a']);
    queue.add(item('new'));
    queue.add(item('new'));
    expect(takeAll(queue)).toEqual(['new', 'a', 'new', 'a']);
  });

  it('gives a batch one place in nine while others want all of them, and every place when they want none', () => {
    const queue = new FairQueue<Item>();
    for (let count = 0; count < 90; count += 1) {
      queue.add(item(`i${count}`));
      queue.add(item(`b${count}`, 'batch'));
    }
    const first = takeAll(queue, 90);
    expect(first.filter((name) => name.startsWith('b')).length).toBe(10);
    expect(takeAll(queue).length).toBe(90);
  });

  it('has somebody who waits for an answer wait behind one of a long batch at most', () => {
    const queue = new FairQueue<Item>();
    for (let count = 0; count < 10_000; count += 1) queue.add(item(`b${count}`, 'batch'));
    takeAll(queue, 5_000);
    queue.add(item('person'));
    expect(takeAll(queue, 2)).toContain('person');
  });

  it('gives a place that came to nothing back to its session', () => {
    const queue = new FairQueue<Item>();
    for (const session of ['a', 'b', 'c', 'd']) queue.add(item(session));
    const first = queue.peek()!;
    queue.take(first);
    expect(takeAll(queue, 1)).toEqual(['b']);
    queue.refund(first);
    queue.add(item('a'));
    expect(takeAll(queue)).toEqual(['a', 'c', 'd']);
  });

  it('keeps the place of one that is set aside', () => {
    const queue = new FairQueue<Item>();
    for (const session of ['a', 'b', 'c']) queue.add(item(session));
    const first = queue.peek()!;
    queue.setAside(first);
    expect(takeAll(queue, 1)).toEqual(['b']);
    queue.putBack(first);
    expect(takeAll(queue)).toEqual(['a', 'c']);
  });
});

import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../../src/pool/abort-fan-out.ts';

describe('a signal that many wait for', () => {
  it('carries one listener, and none when nobody waits any more', () => {
    const { signal } = new AbortController();
    const ends = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const end of ends) end();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    onAbort(signal, () => undefined)();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('tells each of them once, but not those that have left, and at once when it is late', () => {
    const controller = new AbortController();
    const told: string[] = [];
    onAbort(controller.signal, () => told.push('a'));
    const leave = onAbort(controller.signal, () => told.push('b'));
    onAbort(controller.signal, () => told.push('c'));
    leave();
    leave();
    controller.abort();
    onAbort(controller.signal, () => told.push('d'));
    expect(told).toEqual(['a', 'c', 'd']);
  });
});

import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { collect, onStage, outline } from './support.ts';

const call = (name: string, args: Record<string, unknown>): NonNullable<ScriptedRule['answer']> => ({
  calls: [{ name, arguments: args }],
});

/** A write, then a search that would never end, then a read of what was written: all on one thread's volume. */
const script: ScriptedRule[] = [
  { match: { user: 'endless', turn: 0 }, answer: call('write', { path: 'own.txt', content: 'kept' }) },
  { match: { user: 'endless', turn: 1 }, answer: call('search', { pattern: '(a+)+$' }) },
  { match: { user: 'endless', turn: 2 }, answer: call('read', { path: 'own.txt' }) },
  { match: { user: 'neighbour', turn: 0 }, answer: call('search', { pattern: 'a+!' }) },
  { answer: { text: 'done' } },
];
const files = { 'hostile.txt': `${'a'.repeat(40)}!`, 'a-first.txt': 'aaa' };

describe.each(['thread', 'process'] as const)('a search for (a+)+$ over a hostile line (%s)', (isolation) => {
  it('is answered with what was found; the thread lives on and serves its neighbour', async () => {
    // One thread, so that the neighbour is served by the very one that was stuck.
    await onStage(script, { isolation, threads: { max: 1 } }, async (stage) => {
      const session = await stage.start({ files });
      const neighbour = await stage.start({ files });
      const [events, beside] = await Promise.all([
        collect(session.stream('endless')),
        neighbour.prompt('neighbour'),
      ]);
      // No step is run again: nothing timed out or crashed as a thread does.
      const told = outline(events);
      expect(told.filter((line) => line.startsWith('tool-ended'))).toEqual([
        'tool-ended write ok',
        expect.stringMatching(/^tool-ended search the search was stopped after /),
        'tool-ended read ok',
      ]);
      expect(told.filter((line) => line.startsWith('step-retried'))).toEqual([]);
      expect(told.at(-1)).toBe('prompt-ended end');
      const results = session
        .messages()
        .flatMap((message) => (message.role === 'tool' ? [String(message.content)] : []));
      expect(results[1]).toContain('in hostile.txt (file 2 of 3)');
      expect(results[1]).toContain('Found so far:\na-first.txt:1:aaa');
      expect(results[2]).toBe('     1\tkept');
      expect(beside.stopReason).toBe('end');
      expect(neighbour.messages().find((message) => message.role === 'tool')?.content).toBe(
        `hostile.txt:1:${files['hostile.txt']}`,
      );
    });
  });
});

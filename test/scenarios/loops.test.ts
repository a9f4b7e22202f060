import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { collect, onStage } from './support.ts';

const list: ScriptedRule = { answer: { calls: [{ name: 'list', arguments: { pattern: '*.md' } }] } };

/** Lists, and reads a file that is not there, by turns. */
const BY_TURNS: ScriptedRule[] = [
  { match: { tool: 'list' }, answer: { calls: [{ name: 'read', arguments: { path: 'none' } }] } },
  list,
];

describe('a model that goes round in circles', () => {
  it('is told so with the third equal result, and its prompt ends with the sixth', async () => {
    await onStage([list], {}, async (made) => {
      const session = await made.start({ maxTurns: 0 });
      const events = await collect(session.stream('Find it.'));
      const warned = events.flatMap((event) =>
        event.type === 'loop-warned' ? [[event.turn, event.count]] : [],
      );
      expect(warned).toEqual([
        [3, 3],
        [4, 4],
        [5, 5],
        [6, 6],
      ]);
      const ended = events.at(-1);
      expect(ended?.type === 'prompt-ended' && ended.result).toMatchObject({
        stopReason: 'loop',
        turns: 6,
        error: {
          code: 'loop',
          message: 'list {"pattern":"*.md"} gave the same result 6 times, and nothing new came between',
        },
      });
      const results = session
        .messages()
        .flatMap(({ role, content }) => (role === 'tool' ? [String(content)] : []));
      expect(results.map((content) => /You have made this call (\d) times/.exec(content)?.[1])).toEqual([
        undefined,
        undefined,
        '3',
        '4',
        '5',
        '6',
      ]);
      // What the tool answered is told as it was.
      expect(
        events.some((event) => event.type === 'tool-ended' && event.content.includes('You have made')),
      ).toBe(false);
    });
  });

  it('is told of its loop once, and not again when it answers', async () => {
    const rules: ScriptedRule[] = [
      { match: { last: 'You have made this call 3 times' }, answer: { text: 'I stop.' } },
      list,
    ];
    await onStage(rules, {}, async (made) => {
      const session = await made.start();
      const events = await collect(session.stream('Find it.'));
      expect(events.filter(({ type }) => type === 'loop-warned')).toHaveLength(1);
      const ended = events.at(-1);
      expect(ended?.type === 'prompt-ended' && ended.result).toMatchObject({
        stopReason: 'end',
        reply: 'I stop.',
      });
    });
  });

  it('is noticed where two calls take turns', async () => {
    await onStage(BY_TURNS, {}, async (made) => {
      const session = await made.start({ maxTurns: 0, loops: { warnAfter: 2, endAfter: 4 } });
      const result = await session.prompt('Find it.');
      expect(result).toMatchObject({ stopReason: 'loop', turns: 7 });
    });
  });

  it('starts with a clean sheet in the next prompt', async () => {
    await onStage([list], {}, async (made) => {
      const session = await made.start({ maxTurns: 4 });
      expect(await session.prompt('Find it.')).toMatchObject({ stopReason: 'max-turns' });
      const events = await collect(session.stream('Find it.'));
      expect(events.findIndex((event) => event.type === 'loop-warned')).toBe(
        events.findIndex((event) => event.type === 'turn-ended' && event.turn === 3) + 1,
      );
    });
  });

  it('goes on where loops are not looked for', async () => {
    await onStage([list], {}, async (made) => {
      const session = await made.start({ maxTurns: 8, loops: false });
      const events = await collect(session.stream('Wait for it.'));
      expect(events.some((event) => event.type === 'loop-warned')).toBe(false);
      expect(JSON.stringify(session.messages())).not.toContain('You have made this call');
      const ended = events.at(-1);
      expect(ended?.type === 'prompt-ended' && ended.result.stopReason).toBe('max-turns');
    });
  });
});

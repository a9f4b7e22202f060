import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { PromptResult } from '../../src/pool/prompt-result.ts';
import { collect, onStage, outline, type Stage } from './support.ts';

const CRASH_TOOLS = new URL('../fixtures/crash-tools.mjs', import.meta.url).href;
const LIMITS = { threads: { max: 2, maxHeapMb: 32 }, limits: { stepTimeoutMs: 2_500 } };

/** What becomes of the call that dies at once. */
const DEATHS = {
  throw: 'tool_crashed',
  'throw-null': 'tool_crashed',
  reject: 'tool_crashed',
  exit: 'tool_crashed',
  heap: 'tool_crashed',
  loop: 'timed_out',
  regex: 'timed_out',
  hang: 'timed_out',
} as const;
const WAYS = Object.keys(DEATHS) as (keyof typeof DEATHS)[];

/** The session notes, dies as its prompt says, notes again and answers. Neighbours edit a file in three turns. */
const RULES: ScriptedRule[] = [
  {
    match: { user: 'die (?<how>\\S+) (?<when>\\S+)', turn: 0 },
    answer: {
      text: 'one',
      calls: [
        { name: 'note', arguments: { path: 'before.txt' } },
        { name: 'die', arguments: { how: '{{how}}', later: false } },
      ],
    },
  },
  {
    match: { user: 'die', turn: 1 },
    answer: { calls: [{ name: 'note', arguments: { path: 'after.txt' } }] },
  },
  { match: { user: 'die', turn: 2 }, answer: { text: 'survived' } },
  {
    match: { user: 'doom (?<how>\\S+)', turn: 0 },
    answer: {
      calls: [
        { name: 'note', arguments: { path: 'before.txt' } },
        { name: 'die', arguments: '{"how":"{{how}}","later":true}' },
      ],
    },
  },
  {
    // The thread dies while the session waits for the model and its thread is idle.
    match: { user: 'doom', turn: 1 },
    answer: { delay: { firstMs: 150 }, calls: [{ name: 'note', arguments: { path: 'after.txt' } }] },
  },
  { match: { user: 'doom', turn: 2 }, answer: { text: 'survived' } },
  {
    match: { user: 'neighbour (?<n>\\d+)', turn: 0 },
    answer: { delay: { firstMs: 20 }, calls: [{ name: 'read', arguments: { path: 'n{{n}}.txt' } }] },
  },
  {
    match: { user: 'neighbour (?<n>\\d+)', turn: 1 },
    answer: {
      delay: { firstMs: 60 },
      calls: [
        { name: 'edit', arguments: { path: 'n{{n}}.txt', old_string: 'old', new_string: 'new {{n}}' } },
      ],
    },
  },
  { match: { user: 'neighbour', turn: 2 }, answer: { delay: { firstMs: 60 }, text: 'edited' } },
];

async function neighbours(stage: Stage): Promise<readonly object[]> {
  const results = Array.from({ length: 4 }, async (_, n) => {
    const session = await stage.start({ files: { [`n${n}.txt`]: 'old\n' } });
    return summary(await session.prompt(`neighbour ${n}`));
  });
  return Promise.all(results);
}

function summary({ reply, stopReason, turns, patch, error }: PromptResult): object {
  return { reply, stopReason, turns, patch, error };
}

let undisturbed: Promise<readonly object[]> | undefined;
/** How the neighbours fare when nobody dies. */
function withoutCrashes(): Promise<readonly object[]> {
  return (undisturbed ??= onStage(RULES, LIMITS, neighbours));
}

describe.each(WAYS)('a session whose tool dies by %s', (how) => {
  it('is told so and goes on; its neighbours do not notice', async () => {
    await onStage(RULES, LIMITS, async (stage) => {
      const session = await stage.start({ tools: [CRASH_TOOLS, 'coding-agent'] });
      const others = neighbours(stage);
      const events = await collect(session.stream(`die ${how} now`));
      const fate = DEATHS[how];
      expect(outline(events)).toEqual([
        'prompt-started',
        'text one',
        'tool-started note',
        'tool-started die',
        ...(fate === 'timed_out'
          ? ['step-retried deadline']
          : Array.from(
              { length: 2 },
              () => `step-retried ${how === 'heap' ? 'memory' : how === 'exit' ? 'exit' : 'error'}`,
            )),
        `tool-ended die ${fate}`,
        'tool-ended note ok',
        'turn-ended',
        'tool-started note',
        'tool-ended note ok',
        'turn-ended',
        'text survived',
        'turn-ended',
        'prompt-ended end',
      ]);
      const last = events.at(-1);
      if (last?.type !== 'prompt-ended') throw new Error('no end');
      expect([...last.result.files]).toEqual([
        ['after.txt', 'noted\n'],
        ['before.txt', 'noted\n'],
      ]);
      expect(await others).toEqual(await withoutCrashes());
    });
  });
});

describe.each(WAYS)('a session whose idle thread dies by %s', (how) => {
  it('goes on elsewhere with everything that was journalled; its neighbours do not notice', async () => {
    await onStage(RULES, LIMITS, async (stage) => {
      const session = await stage.start({ tools: [CRASH_TOOLS, 'coding-agent'] });
      const others = neighbours(stage);
      const result = await session.prompt(`doom ${how}`);
      expect(summary(result)).toMatchObject({ reply: 'survived', stopReason: 'end', turns: 3, error: null });
      expect([...result.files.keys()]).toEqual(['after.txt', 'before.txt']);
      expect(await others).toEqual(await withoutCrashes());
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/batch/job.ts';
import { mergeOutcomes } from '../../src/batch/merge.ts';
import { planItems } from '../../src/batch/plan.ts';
import { runBatch, type BatchEvent } from '../../src/batch/run-batch.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { onStage, type Stage } from '../scenarios/support.ts';

const image = baseImage.fromFiles({
  'a.ts': 'const a = 1;\n',
  'b.ts': 'const b = 1;\n',
  'c.ts': 'var c = 1;\n',
});
const job: Job = {
  name: 'lets',
  prompt: 'Fix {{path}}',
  each: { kind: 'files', globs: ['*.ts'] },
  model: 'scripted:any',
};
const items = planItems(job, image, 'job.yaml');

/** Reads the file, makes `const` a `let`. */
const FIX: ScriptedRule[] = [
  {
    match: { turn: 0, user: '^Fix (?<path>\\S+)$' },
    answer: { calls: [{ name: 'read', arguments: { path: '{{path}}' } }] },
  },
  { match: { tool: 'read' }, rewrite: { pattern: 'const', replacement: 'let' }, otherwise: 'Nothing to do.' },
  { answer: { text: 'Done.' } },
];

describe('a batch', () => {
  it('runs a session an item and tells everything in order', async () => {
    await onStage(FIX, {}, async (stage) => {
      const events: string[] = [];
      const outcome = await run(stage, {
        concurrency: 1,
        onEvent: (event) => void events.push(short(event)),
      });
      const session = (id: string, ...tools: string[]): string[] => [
        `item-started ${id}`,
        `${id} prompt-started`,
        ...tools.flatMap((tool) => [
          `${id} tool-started ${tool}`,
          `${id} tool-ended ${tool}`,
          `${id} turn-ended`,
        ]),
        `${id} text`,
        `${id} turn-ended`,
        `${id} prompt-ended`,
        `item-ended ${id} done`,
      ];
      expect(events).toEqual([
        'batch-started 3',
        ...session('a.ts', 'read', 'edit'),
        ...session('b.ts', 'read', 'edit'),
        ...session('c.ts', 'read'),
        'batch-ended',
      ]);
      expect(
        outcome.items.map(({ item, status, result }) => [
          item.id,
          status,
          result?.changes.map(({ path }) => path),
        ]),
      ).toEqual([
        ['a.ts', 'done', ['a.ts']],
        ['b.ts', 'done', ['b.ts']],
        ['c.ts', 'done', []],
      ]);
    });
  });

  it('gives the same result however many sessions run at a time', async () => {
    await onStage(FIX, {}, async (stage) => {
      const patches = [];
      for (const concurrency of [1, 3]) {
        const { items: outcomes } = await run(stage, { concurrency });
        patches.push(outcomes.map(({ result }) => result?.patch));
      }
      expect(patches[0]).toEqual(patches[1]);
    });
  });

  it('reports two sessions that changed one file differently', async () => {
    const rules: ScriptedRule[] = [
      {
        match: { turn: 0, user: '^Fix (?<path>\\S+)$' },
        answer: { calls: [{ name: 'write', arguments: { path: 'log.md', content: 'by {{path}}' } }] },
      },
      { answer: { text: 'Done.' } },
    ];
    await onStage(rules, {}, async (stage) => {
      const { items: outcomes } = await run(stage);
      expect(mergeOutcomes(outcomes, image)).toMatchObject({
        changes: [],
        conflicts: [{ path: 'log.md', itemIds: ['a.ts', 'b.ts', 'c.ts'], kind: 'content' }],
      });
    });
  });

  it('is refused before anything runs where no session of it could start', async () => {
    await onStage(FIX, {}, async (stage) => {
      const events: BatchEvent[] = [];
      const onEvent = (event: BatchEvent): void => void events.push(event);
      await expect(run(stage, { model: 'nobody:x', onEvent })).rejects.toMatchObject({
        code: 'unknown_provider',
      });
      expect(events).toEqual([]);
      expect(stage.requestCount()).toBe(0);
    });
  });
});

describe('a batch that is interrupted', () => {
  it('keeps what is done, cancels what runs and starts nothing more', async () => {
    const rules: ScriptedRule[] = [
      { match: { user: 'a\\.ts' }, answer: { text: 'Done.' } },
      { fault: { stall: 0 } },
    ];
    await onStage(rules, {}, async (stage) => {
      const controller = new AbortController();
      const outcome = await run(stage, {
        concurrency: 1,
        signal: controller.signal,
        onEvent: (event) => {
          if (
            event.type === 'item-event' &&
            event.item.id === 'b.ts' &&
            event.event.type === 'prompt-started'
          )
            controller.abort();
        },
      });
      expect(outcome.interrupted).toBe(true);
      expect(outcome.items.map(({ item, status, result }) => [item.id, status, result?.stopReason])).toEqual([
        ['a.ts', 'done', 'end'],
        ['b.ts', 'cancelled', 'cancelled'],
        ['c.ts', 'not-started', undefined],
      ]);
    });
  });

  it('by its own listener failing ends what runs and says why', async () => {
    await onStage([{ fault: { stall: 0 } }], {}, async (stage) => {
      let seen = 0;
      const onEvent = (event: BatchEvent): Promise<void> => {
        if (event.type === 'item-started' && (seen += 1) === 2) return Promise.reject(new Error('disk full'));
        return Promise.resolve();
      };
      await expect(run(stage, { concurrency: 3, onEvent })).rejects.toThrow('disk full');
    });
  });
});

describe('a batch whose items fail', () => {
  it('goes on with the others', async () => {
    const rules: ScriptedRule[] = [
      { match: { user: 'b\\.ts' }, fault: { status: 400 } },
      { answer: { text: 'Done.' } },
    ];
    await onStage(rules, { models: { maxAttempts: 1 } }, async (stage) => {
      const { items: outcomes } = await run(stage);
      expect(outcomes.map(({ status, error }) => [status, error?.code])).toEqual([
        ['done', undefined],
        ['failed', 'model_error'],
        ['done', undefined],
      ]);
    });
  });

  it('asks no model where a directory of skills is not there', async () => {
    await onStage(FIX, {}, async (stage) => {
      const ran = run(stage, { job: { ...job, skills: ['/nowhere/skills'] } });
      await expect(ran).rejects.toMatchObject({
        code: 'invalid_job',
        message: expect.stringContaining('/nowhere/skills'),
      });
      expect(stage.requestCount()).toBe(0);
    });
  });

  it('stops where the model answers none of the first ten', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({ id: `${i}` }));
    const many: Job = { ...job, prompt: 'Go.', each: { kind: 'rows', rows } };
    await onStage(
      [{ fault: { status: 401 } }],
      { models: { maxAttempts: 1 } },
      async ({ pool, requestCount }) => {
        const outcome = await runBatch({
          pool,
          job: many,
          image,
          items: planItems(many, image, 'job.yaml'),
          concurrency: 2,
        });
        const count = (status: string): number =>
          outcome.items.filter((item) => item.status === status).length;
        expect(outcome.stoppedBy).toMatchObject({ code: 'model_error' });
        // The other session was under way when the tenth failed.
        expect(count('failed')).toBeGreaterThanOrEqual(10);
        expect(count('failed')).toBeLessThanOrEqual(11);
        expect(requestCount()).toBe(count('failed'));
        expect(count('not-started')).toBe(50 - count('failed'));
      },
    );
  });
});

function run(
  stage: Stage,
  options: Partial<Parameters<typeof runBatch>[0]> = {},
): ReturnType<typeof runBatch> {
  return runBatch({ pool: stage.pool, job, items, image, ...options });
}

function short(event: BatchEvent): string {
  switch (event.type) {
    case 'batch-started':
      return `batch-started ${event.items}`;
    case 'item-started':
      return `item-started ${event.item.id}`;
    case 'item-event': {
      const { type } = event.event;
      return `${event.item.id} ${type}${type === 'tool-started' || type === 'tool-ended' ? ` ${event.event.name}` : ''}`;
    }
    case 'item-ended':
      return `item-ended ${event.outcome.item.id} ${event.outcome.status}`;
    case 'round-started':
      return `round-started ${event.round}`;
    case 'batch-ended':
      return 'batch-ended';
  }
}

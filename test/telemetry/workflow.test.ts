import { SpanKind, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/batch/job.ts';
import { planItems } from '../../src/batch/plan.ts';
import { runRounds } from '../../src/batch/run-rounds.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { onStage } from '../scenarios/support.ts';
import { withCollector } from './collector.ts';

const image = baseImage.fromFiles({ 'a.ts': 'a', 'b.ts': 'b' });
const job: Job = {
  name: 'look',
  prompt: 'Look at {{path}}',
  each: { kind: 'files', globs: ['*.ts'] },
  model: 'scripted:any',
};

describe('a batch that is traced', () => {
  it('has a span in the caller’s trace; each of its sessions has a trace of its own, linked with it', async () => {
    await withCollector((collector) =>
      onStage([{ answer: { text: 'seen' } }], {}, async ({ pool }) => {
        const items = planItems(job, image, 'job.yaml');
        await trace.getTracer('the caller').startActiveSpan('nightly', async (span) => {
          await runRounds({ pool, job, items, image, maxReruns: 1 });
          span.end();
        });
        expect(collector.tree()).toEqual([
          'nightly',
          '  invoke_workflow look',
          'invoke_agent skein',
          '  skein.turn',
          '    chat any',
          'invoke_agent skein',
          '  skein.turn',
          '    chat any',
        ]);
        const workflow = collector.span('invoke_workflow look');
        expect(workflow.kind).toBe(SpanKind.INTERNAL);
        expect(workflow.attributes).toEqual({
          'gen_ai.operation.name': 'invoke_workflow',
          'gen_ai.workflow.name': 'look',
          'skein.workflow.items': 2,
        });
        const prompts = collector.spans.filter(({ name }) => name === 'invoke_agent skein');
        expect(prompts.map(({ links }) => links.map((link) => link.context.spanId))).toEqual([
          [workflow.spanContext().spanId],
          [workflow.spanContext().spanId],
        ]);
        expect(new Set(prompts.map((prompt) => prompt.spanContext().traceId)).size).toBe(2);
      }),
    );
  });
});

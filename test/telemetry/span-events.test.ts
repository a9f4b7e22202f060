import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import { turns } from '../scenarios/support.ts';
import type { Collector } from './collector.ts';
import { onTracedStage } from './traced-stage.ts';

/** Events on spans of this name, each as its own name and its attributes. */
function eventsOn(collector: Collector, spanName: string): (readonly [string, ReadableSpan['attributes']])[] {
  return collector.spans
    .filter(({ name }) => name === spanName)
    .flatMap(({ events }) => events.map(({ name, attributes = {} }) => [name, attributes] as const));
}

const list: ScriptedRule = { answer: { calls: [{ name: 'list', arguments: { pattern: '*.secret-name' } }] } };

describe('what happens to a prompt', () => {
  it('is on its turn: a model call made again, and that text of it is void', async () => {
    const rules: ScriptedRule[] = [
      { times: 1, answer: { text: 'half of it is', delay: { betweenMs: 5 } }, fault: { noFinish: true } },
      { answer: { text: 'fine' } },
    ];
    const onEvent = (): void => undefined;
    await onTracedStage(
      rules,
      async (stage, collector) => {
        await (await stage.start()).prompt('go');
        expect(collector.tree()).toEqual([
          'invoke_agent skein',
          '  skein.turn',
          '    chat scripted !incomplete-stream',
          '    chat scripted',
        ]);
        expect(eventsOn(collector, 'skein.turn')).toMatchObject([
          [
            'skein.model_retried',
            {
              'skein.model': 'scripted:scripted',
              'skein.attempt': 1,
              'error.type': 'incomplete-stream',
              'skein.discarded': true,
            },
          ],
        ]);
        expect((await collector.points()).get('skein.model.retries')).toEqual([
          {
            attributes: {
              'error.type': 'incomplete-stream',
              'gen_ai.provider.name': 'scripted',
              'gen_ai.request.model': 'scripted',
            },
            count: 1,
            sum: 1,
          },
        ]);
      },
      // Text is asked for only where somebody hears it.
      { onEvent },
    );
  });

  it('is on its turn: which model it fell back to, with the calls of both', async () => {
    const rules: ScriptedRule[] = [
      { match: { model: 'gone' }, fault: { status: 404 } },
      { answer: { text: 'fine' } },
    ];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start({ model: 'scripted:gone', fallback: ['scripted:there'] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end' });
      expect(collector.tree()).toEqual([
        'invoke_agent skein',
        '  skein.turn',
        '    chat gone !not-found',
        '    chat there',
      ]);
      const labels = {
        'skein.model.from': 'scripted:gone',
        'skein.model.to': 'scripted:there',
        'error.type': 'not-found',
      };
      expect(eventsOn(collector, 'skein.turn')).toMatchObject([['skein.model_fell_back', labels]]);
      expect((await collector.points()).get('skein.model.fallbacks')).toEqual([
        { attributes: labels, count: 1, sum: 1 },
      ]);
    });
  });

  it('is on the prompt: the budget that it waited for, and that it went on', async () => {
    const rules = turns({ calls: [{ name: 'list', arguments: {} }] }, { text: 'done' });
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start({ id: 's', budget: { turns: 1 } });
      for await (const event of session.stream('go')) {
        if (event.type === 'budget') await session.resume({ budget: { turns: 5 } });
      }
      expect(eventsOn(collector, 'invoke_agent skein')).toEqual([
        ['skein.prompt_started', {}],
        [
          'skein.budget_reached',
          {
            'skein.budget.scope': 'session',
            'skein.budget.name': 's',
            'skein.budget.what': 'turns',
            'skein.budget.limit': 1,
            'skein.budget.spent': 1,
            'skein.budget.action': 'pause',
          },
        ],
        ['skein.resumed', {}],
      ]);
    });
  });

  it('is on the prompt: a call made again and again, by its name and not by what it was given', async () => {
    await onTracedStage([list], async (stage, collector) => {
      const session = await stage.start({ maxTurns: 0, loops: { warnAfter: 2, endAfter: 2 } });
      expect(await session.prompt('Find it.')).toMatchObject({ stopReason: 'loop' });
      expect(eventsOn(collector, 'invoke_agent skein')).toMatchObject([
        ['skein.prompt_started', {}],
        ['skein.loop_warned', { 'gen_ai.tool.name': 'list', 'skein.repetitions': 2 }],
      ]);
      const all = collector.spans.map(({ attributes, events }) => ({ attributes, events }));
      expect(JSON.stringify(all)).not.toContain('secret-name');
    });
  });

  it('is on the prompt: an answer that was refused, without the answer', async () => {
    const rules: ScriptedRule[] = [
      { times: 1, answer: { text: '{"secret-name":"three"}' } },
      { answer: { text: '{"count":3}' } },
    ];
    const schema = {
      type: 'object',
      properties: { count: { type: 'integer' } },
      required: ['count'],
      additionalProperties: false,
    };
    await onTracedStage(rules, async (stage, collector) => {
      const result = await (await stage.start()).prompt('how many', { schema });
      expect(result.output).toEqual({ count: 3 });
      expect(eventsOn(collector, 'invoke_agent skein')).toEqual([
        ['skein.prompt_started', {}],
        ['skein.output_refused', { 'skein.turn.number': 1 }],
      ]);
      const all = collector.spans.map(({ attributes, events }) => ({ attributes, events }));
      expect(JSON.stringify(all)).not.toContain('secret-name');
    });
  });
});

describe('a conversation that is compacted', () => {
  const script: ScriptedModelScript = {
    rules: [
      { match: { system: 'You compact the history' }, answer: { text: 'They all say the same.' } },
      ...turns(
        ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({
          calls: [{ name: 'read', arguments: { path: `${name}.txt` } }],
          usage: { input: 0, output: 0 },
        })),
        { text: 'done' },
      ),
      { answer: { text: 'done' } },
    ],
  };
  const files = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [`${name}.txt`, 'some text of it '.repeat(120)]),
  );

  it('says so on its turn; the summary’s call has what the summary was made of, the turn’s what was sent then', async () => {
    await onTracedStage(
      script,
      async (stage, collector) => {
        const session = await stage.start({
          files,
          system: 'Be brief.',
          tools: ['read'],
          maxTurns: 0,
          context: { windowTokens: 1_500, reserveTokens: 100, keepTurns: 1 },
        });
        await session.prompt('Read them all.');
        const compacted = eventsOn(collector, 'skein.turn').filter(([name]) => name === 'skein.compacted');
        const summarised = compacted.find(
          ([, attributes]) => attributes['skein.compaction'] === 'summarised',
        );
        expect(summarised?.[1]['skein.tokens.after']).toBeLessThan(
          Number(summarised?.[1]['skein.tokens.before']),
        );
        const inputs = collector.spans.flatMap(({ name, attributes }) =>
          name === 'chat scripted' ? [String(attributes['gen_ai.input.messages'])] : [],
        );
        const place = inputs.findIndex((input) => input.includes('You compact the history'));
        expect(place).toBeGreaterThan(0);
        expect(inputs[place]).not.toContain('Be brief.');
        expect(inputs[place + 1]).toContain('They all say the same.');
      },
      { telemetry: { recordContent: true } },
    );
  });
});

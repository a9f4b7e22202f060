import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { assemble } from '../../src/pool/assemble.ts';
import type { PoolEvent } from '../../src/pool/pool-event.ts';
import type { PromptResult } from '../../src/pool/prompt-result.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { RecoverMode } from '../../src/pool/recovery.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { KeptStore } from '../scenarios/kept-store.ts';
import { onStage, turns } from '../scenarios/support.ts';
import { withCollector, type Collector } from './collector.ts';
import { endMs, onTracedStage, startMs } from './traced-stage.ts';

const TRACED_TOOLS = new URL('../fixtures/traced-tools.mjs', import.meta.url).href;
const CRASH_TOOLS = new URL('../fixtures/crash-tools.mjs', import.meta.url).href;

/** A function of the caller that makes a span of its own, as any instrumented client would. */
const lookUp: Tool = {
  name: 'look_up',
  description: 'Looks something up.',
  parameters: { type: 'object' },
  async execute(_input: unknown, ctx) {
    await Promise.resolve();
    trace.getTracer('the caller').startSpan('GET /answer').end();
    return ctx.traceparent;
  },
};

const traceparentOf = (span: ReadableSpan): string =>
  `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`;

describe('a prompt that is traced', () => {
  it('is a tree: prompt, turns, model calls, tool calls, and what tools do in spans of their own', async () => {
    const rules = turns(
      { text: 'first', calls: [{ name: 'where' }, { name: 'look_up' }] },
      { text: 'second', calls: [{ name: 'read', arguments: { path: 'none.txt' } }] },
      { text: 'done' },
    );
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start({ tools: ['coding-agent', TRACED_TOOLS, lookUp] });
      await session.prompt('go');
      expect(collector.tree()).toEqual([
        'invoke_agent skein',
        '  skein.turn',
        '    chat scripted',
        '    execute_tool where',
        '    execute_tool look_up',
        '      GET /answer',
        '  skein.turn',
        '    chat scripted',
        '    execute_tool read !tool_error',
        '  skein.turn',
        '    chat scripted',
      ]);
    });
  });

  it('goes on from the span that was active where it was sent, also when it waited in the mailbox', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'fine', delay: { firstMs: 30 } } }];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start();
      const sent = ['one', 'two'].map((name) => {
        const span = trace.getTracer('the caller').startSpan(name);
        const inside = trace.setSpan(context.active(), span);
        return context.with(inside, () => session.prompt(name)).finally(() => span.end());
      });
      await Promise.all(sent);
      expect(collector.tree()).toEqual([
        'one',
        '  invoke_agent skein',
        '    skein.turn',
        '      chat scripted',
        'two',
        '  invoke_agent skein',
        '    skein.turn',
        '      chat scripted',
      ]);
    });
  });

  it('says by attributes what it was: operation, provider and model when a span begins, the rest at its end', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'fine', usage: { input: 11, output: 7 } } }];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start({ id: 's', modelOptions: { temperature: 0.5, max_tokens: 99 } });
      await session.prompt('go');
      const { port } = new URL(stage.baseURL);
      const prompt = collector.span('invoke_agent skein');
      expect(prompt.kind).toBe(SpanKind.INTERNAL);
      expect(prompt.attributes).toMatchObject({
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'scripted',
        'gen_ai.request.model': 'scripted',
        'gen_ai.conversation.id': 's',
        'skein.prompt.id': 's/1',
        'skein.prompt.stop_reason': 'end',
        'gen_ai.usage.input_tokens': 11,
      });
      const chat = collector.span('chat scripted');
      expect(chat.kind).toBe(SpanKind.CLIENT);
      expect(chat.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'scripted',
        'gen_ai.conversation.id': 's',
        'gen_ai.request.model': 'scripted',
        'gen_ai.request.temperature': 0.5,
        'gen_ai.request.max_tokens': 99,
        'gen_ai.response.model': 'scripted',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 11,
        'gen_ai.usage.output_tokens': 7,
        'gen_ai.usage.cache_read.input_tokens': 0,
        'server.address': '127.0.0.1',
        'server.port': Number(port),
      });
      expect(chat.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
    });
  });

  it('has the times at which calls ran in the thread, one after another', async () => {
    const rules = turns({ calls: [{ name: 'nap' }, { name: 'where' }] }, { text: 'done' });
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start({ tools: [TRACED_TOOLS] });
      await session.prompt('go');
      const nap = collector.span('execute_tool nap');
      const where = collector.span('execute_tool where');
      expect(endMs(nap) - startMs(nap)).toBeGreaterThan(50);
      expect(startMs(where)).toBeGreaterThanOrEqual(endMs(nap));
      const [turn] = collector.spans.filter(({ name }) => name === 'skein.turn');
      expect(startMs(nap)).toBeGreaterThanOrEqual(startMs(turn!));
    });
  });

  it.each([['thread'], ['process']] as const)(
    'gives tools its trace context: of the turn in a session thread (isolation: %s), of the call in a function',
    async (isolation) => {
      const rules = turns({ calls: [{ name: 'where' }, { name: 'look_up' }] }, { text: 'done' });
      await onTracedStage(
        rules,
        async (stage, collector) => {
          const session = await stage.start({ tools: [TRACED_TOOLS, lookUp] });
          await session.prompt('go');
          const [where, given] = session.messages().filter(({ role }) => role === 'tool');
          const turn = collector.spans.find(({ name }) => name === 'skein.turn')!;
          expect(where?.content).toBe(traceparentOf(turn));
          expect(given?.content).toBe(traceparentOf(collector.span('execute_tool look_up')));
        },
        { isolation, shards: 1 },
      );
    },
  );

  it('has one span for a call that ended two threads, with what became of it, and says that the step was retried', async () => {
    const rules = turns(
      {
        calls: [
          { name: 'die', arguments: { how: 'exit' } },
          { name: 'note', arguments: { path: 'a' } },
        ],
      },
      { text: 'survived' },
    );
    await onTracedStage(
      rules,
      async (stage, collector) => {
        const session = await stage.start({ tools: [CRASH_TOOLS] });
        expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'survived' });
        expect(collector.tree()).toEqual([
          'invoke_agent skein',
          '  skein.turn',
          '    chat scripted',
          '    execute_tool die !tool_crashed',
          '    execute_tool note',
          '  skein.turn',
          '    chat scripted',
        ]);
        const [turn] = collector.spans.filter(({ name }) => name === 'skein.turn');
        expect(turn!.events.map(({ name, attributes }) => [name, attributes?.['skein.reason']])).toEqual([
          ['skein.step_retried', 'exit'],
          ['skein.step_retried', 'exit'],
        ]);
        const points = (await collector.points()).get('skein.step.retries');
        expect(points).toEqual([{ attributes: { 'skein.reason': 'exit' }, count: 2, sum: 2 }]);
      },
      { threads: { max: 1 } },
    );
  });

  it('has a span for each attempt to call the model', async () => {
    const rules: ScriptedRule[] = [
      { times: 1, answer: {}, fault: { status: 503 } },
      { answer: { text: 'fine' } },
    ];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start();
      await session.prompt('go');
      expect(collector.tree()).toEqual([
        'invoke_agent skein',
        '  skein.turn',
        '    chat scripted !overloaded',
        '    chat scripted',
      ]);
      const [failed, fine] = collector.spans.filter(({ name }) => name === 'chat scripted');
      expect(failed).toMatchObject({
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'skein.attempt': 1, 'http.response.status_code': 503 },
      });
      expect(fine).toMatchObject({
        status: { code: SpanStatusCode.UNSET },
        attributes: { 'skein.attempt': 2 },
      });
    });
  });

  it('that is cancelled ends all its spans, as cancelled and not as failed', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'late', delay: { firstMs: 60_000 } } }];
    await onTracedStage(rules, async (stage, collector) => {
      const session = await stage.start();
      const prompt = session.prompt('go');
      while (session.status().state !== 'waiting-model')
        await new Promise((resolve) => setTimeout(resolve, 5));
      await session.cancel();
      expect(await prompt).toMatchObject({ stopReason: 'cancelled' });
      expect(collector.tree()).toEqual([
        'invoke_agent skein',
        '  skein.turn',
        '    chat scripted !cancelled',
      ]);
      expect(collector.span('invoke_agent skein').attributes['skein.prompt.stop_reason']).toBe('cancelled');
      expect(collector.spans.map(({ status }) => status.code)).toEqual([0, 0, 0]);
    });
  });

  it('that the model fails ends as failed, with the kind of the error', async () => {
    await onTracedStage([{ fault: { status: 401 } }], async (stage, collector) => {
      const session = await stage.start();
      await session.prompt('go');
      expect(collector.tree()).toEqual([
        'invoke_agent skein !auth',
        '  skein.turn',
        '    chat scripted !auth',
      ]);
      expect(collector.span('invoke_agent skein').status.code).toBe(SpanStatusCode.ERROR);
    });
  });
});

describe('a step that waits for a thread', () => {
  it('has a span for the wait, in the prompt that waits', async () => {
    const rules = turns({ calls: [{ name: 'nap' }] }, { text: 'done' });
    let onNap = (): void => undefined;
    const onEvent = (event: PoolEvent): void => {
      if (event.type === 'step-began' && event.sessionId === 'a' && event.input === 'turn') onNap();
    };
    await onTracedStage(
      rules,
      async (stage, collector) => {
        const a = await stage.start({ id: 'a', tools: [TRACED_TOOLS] });
        // What its functions are called its first step says, in a thread.
        const b = await stage.start({ id: 'b', tools: [lookUp] });
        const waiting = new Promise<PromptResult>((resolve) => {
          onNap = () => {
            onNap = () => undefined;
            resolve(b.prompt('go'));
          };
        });
        await a.prompt('go');
        await waiting;
        const waits = collector.spans.filter(({ name }) => name === 'skein.wait_thread');
        const prompt = collector.spans.find(({ attributes }) => attributes['skein.prompt.id'] === 'b/1')!;
        expect(waits.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toContain(
          prompt.spanContext().spanId,
        );
      },
      { threads: { max: 1 }, onEvent },
    );
  });
});

describe('a prompt that another process began', () => {
  /** One prompt, left in the middle of its model call; then another pool on the same store, under a span. */
  async function takenUp(recover: RecoverMode, use: (collector: Collector) => void): Promise<void> {
    const server = await startScriptedModel({
      rules: [{ times: 1, answer: { delay: { firstMs: 60_000 } } }, { answer: { text: 'in the end' } }],
    });
    const options = { providers: { scripted: { baseURL: server.baseURL } } };
    const store = new KeptStore();
    const before = await SessionPool.over(assemble(options, store));
    const session = await before.start({ id: 's', model: 'scripted:scripted' });
    session.prompt('go').catch(() => undefined);
    while (server.requestCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await before.close({ deadlineMs: 0 });
    await withCollector(async (collector) => {
      await trace.getTracer('the caller').startActiveSpan('whoever opens the pool', async (opener) => {
        const pool = await SessionPool.over(assemble(options, new KeptStore(store)), recover);
        await pool.session('s')!.result('s/1');
        await pool.close();
        opener.end();
      });
      use(collector);
    });
    await server.close();
  }

  it('has a trace of its own, and says that it was resumed', async () => {
    await takenUp('finish', (collector) => {
      expect(collector.tree()).toEqual([
        'whoever opens the pool',
        'invoke_agent skein',
        '  skein.turn',
        '    chat scripted',
      ]);
      expect(collector.span('invoke_agent skein').attributes['skein.prompt.resumed']).toBe(true);
    });
  });

  it('and is not gone on with ends as interrupted, though its provider was never looked up', async () => {
    await takenUp('report', (collector) => {
      expect(collector.tree()).toEqual(['whoever opens the pool', 'invoke_agent skein !interrupted']);
      expect(collector.span('invoke_agent skein').attributes['gen_ai.provider.name']).toBe('scripted');
    });
  });
});

describe('an SDK that throws', () => {
  it('harms no session: that is said once, as a warning', async () => {
    const bad = (): never => {
      throw new Error('a bad processor');
    };
    const done = (): Promise<void> => Promise.resolve();
    const tracers = new NodeTracerProvider({
      spanProcessors: [{ onStart: bad, onEnd: bad, forceFlush: done, shutdown: done }],
    });
    const warnings: Error[] = [];
    const take = (warning: Error): void => void warnings.push(warning);
    process.on('warning', take);
    tracers.register();
    try {
      const rules = turns({ calls: [{ name: 'where' }, { name: 'look_up' }] }, { text: 'done' });
      await onStage(rules, {}, async (stage) => {
        const session = await stage.start({ tools: [TRACED_TOOLS, { ...lookUp, execute: () => 'it' }] });
        expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'done' });
      });
    } finally {
      trace.disable();
      context.disable();
      process.off('warning', take);
      await tracers.shutdown();
    }
    expect(warnings.map(({ name, message }) => [name, message.includes('a bad processor')])).toEqual([
      ['SkeinListenerWarning', true],
    ]);
  });
});

describe('a program without an SDK', () => {
  it('is told nothing: no events are made, and tools get no trace context', async () => {
    const rules = turns({ calls: [{ name: 'where' }] }, { text: 'done' });
    await onStage(rules, {}, async (stage) => {
      const session = await stage.start({ tools: [TRACED_TOOLS] });
      await session.prompt('go');
      expect(session.messages().find(({ role }) => role === 'tool')?.content).toBe('none');
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { ChatAccumulator } from '../../src/model/chat-accumulator.ts';
import type { ModelResponse } from '../../src/model/model.ts';
import type { ResponseAccumulator } from '../../src/model/response-accumulator.ts';
import { ResponsesAccumulator } from '../../src/model/responses-accumulator.ts';

interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

const object = fc.dictionary(
  fc.constantFrom('path', 'content', 'n'),
  fc.oneof(fc.string(), fc.integer(), fc.constant('}{')),
);
const calls: fc.Arbitrary<readonly Call[]> = fc
  .array(fc.record({ name: fc.constantFrom('read', 'write_file', 'list'), arguments: object }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((drawn) =>
    drawn.map((call, index) => ({
      id: `id-${index}`,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    })),
  );
/** Where to cut a text: the same numbers cut any text. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
/** Whose turn it is, again and again. */
const turns = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });

function pieces(text: string, at: readonly number[]): string[] {
  const places = [
    0,
    ...at.map((share) => Math.floor(share * text.length)).sort((a, b) => a - b),
    text.length,
  ];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

/** Takes from the lists in turns; each list keeps its order. */
function interleaved<T>(lists: readonly (readonly T[])[], order: readonly number[]): T[] {
  const rest = lists.map((list) => [...list]);
  const all: T[] = [];
  for (let turn = 0; rest.some((list) => list.length > 0); turn += 1) {
    const open = rest.filter((list) => list.length > 0);
    all.push(open[order[turn % order.length]! % open.length]!.shift()!);
  }
  return all;
}

/** What came of it: the calls without ids that were made up here, or that it failed as a model may. */
function outcome(
  accumulator: ResponseAccumulator,
  events: readonly object[],
  ids: readonly string[],
): object {
  try {
    for (const event of events) accumulator.push(JSON.stringify(event));
    const response: ModelResponse = accumulator.end(false);
    expect(new Set(response.toolCalls.map(({ id }) => id)).size).toBe(response.toolCalls.length);
    return {
      text: response.text,
      calls: response.toolCalls.map((call) => ({ ...call, id: ids.includes(call.id) ? call.id : '' })),
      usage: response.usage.totalTokens,
    };
  } catch (error) {
    if (error instanceof ModelError) return { failed: error.kind };
    throw error;
  }
}

describe('tool calls in the deltas of Chat Completions', () => {
  const spelling = fc.record({
    calls,
    numbering: fc.constantFrom('order', 'sparse', 'zero', 'none'),
    hasIds: fc.boolean(),
    naming: fc.constantFrom('whole', 'pieces', 'resent', 'growing'),
    asObject: fc.boolean(),
    cuts,
    nameCuts: cuts,
    turns,
    usageAt: fc.constantFrom('finish', 'each', 'choice', 'after', 'never'),
    finish: fc.constantFrom('tool_calls', 'stop'),
  });

  interface Spelling {
    readonly calls: readonly Call[];
    readonly numbering: 'order' | 'sparse' | 'zero' | 'none';
    readonly hasIds: boolean;
    readonly naming: 'whole' | 'pieces' | 'resent' | 'growing';
    readonly asObject: boolean;
    readonly cuts: readonly number[];
    readonly nameCuts: readonly number[];
    readonly turns: readonly number[];
    readonly usageAt: 'finish' | 'each' | 'choice' | 'after' | 'never';
    readonly finish: 'tool_calls' | 'stop';
  }

  /** The pieces of one call. */
  function spelt(call: Call, index: number, drawn: Spelling, hasId: boolean): object[] {
    const numbers = { order: index, sparse: 3 * index + 2, zero: 0, none: undefined };
    const number = numbers[drawn.numbering];
    const names =
      drawn.naming === 'pieces' || drawn.naming === 'growing'
        ? pieces(call.name, drawn.nameCuts)
        : [call.name];
    const texts: unknown[] = drawn.asObject
      ? [JSON.parse(call.arguments)]
      : pieces(call.arguments, drawn.cuts);
    const begin = names.map((name, at) => ({
      name: drawn.naming === 'growing' ? names.slice(0, at + 1).join('') : name,
      arguments: '' as unknown,
    }));
    // All of the name is there before the arguments begin.
    const rest = texts.map((text) => ({
      ...(drawn.naming === 'resent' && { name: call.name }),
      arguments: text,
    }));
    const first = { ...begin.at(-1)!, ...rest[0] };
    return [...begin.slice(0, -1), first, ...rest.slice(1)].map((fn, at) => ({
      ...(number !== undefined && { index: number }),
      ...(hasId && at === 0 && { id: call.id }),
      function: fn,
    }));
  }

  it('come out the same however they are spelt', () => {
    fc.assert(
      fc.property(spelling, (drawn) => {
        const isNumbered = drawn.numbering === 'order' || drawn.numbering === 'sparse';
        // Without a number of their own, calls are told apart by their ids, or else by whole names.
        const hasIds = drawn.hasIds || (!isNumbered && drawn.naming !== 'whole');
        // The same name and the same arguments once more are the same call.
        fc.pre(
          hasIds ||
            isNumbered ||
            drawn.calls.every((call, at) => call.arguments !== drawn.calls[at - 1]?.arguments),
        );
        const lists = drawn.calls.map((call, index) => spelt(call, index, drawn, hasIds));
        // Calls begin in order; what follows is mixed where numbers tell them apart.
        const mixed = isNumbered
          ? [
              ...lists.map(([first]) => first!),
              ...interleaved(
                lists.map((list) => list.slice(1)),
                drawn.turns,
              ),
            ]
          : lists.flat();
        const chunk = (delta: object, finish_reason: string | null = null): object => ({
          choices: [{ index: 0, delta, finish_reason, ...(drawn.usageAt === 'choice' && { usage: USAGE }) }],
          ...((drawn.usageAt === 'each' || (drawn.usageAt === 'finish' && finish_reason !== null)) && {
            usage: USAGE,
          }),
        });
        const events = [
          ...mixed.map((piece) => chunk({ tool_calls: [piece] })),
          chunk({}, drawn.finish),
          ...(drawn.usageAt === 'after' ? [{ choices: [], usage: USAGE }] : []),
        ];
        expect(
          outcome(
            new ChatAccumulator(),
            events,
            drawn.calls.map(({ id }) => id),
          ),
        ).toEqual({
          text: '',
          calls: drawn.calls.map((call) => ({ ...call, id: hasIds ? call.id : '' })),
          usage: drawn.usageAt === 'never' ? 0 : 7,
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('come out the same when several without a number are in one delta', () => {
    fc.assert(
      fc.property(calls, cuts, fc.boolean(), (drawn, at, hasIds) => {
        const lists = drawn.map((call) =>
          pieces(call.arguments, at).map((text, piece) => ({
            ...(hasIds && piece === 0 && { id: call.id }),
            function: { ...(piece === 0 && { name: call.name }), arguments: text },
          })),
        );
        const events = lists[0]!.map((_, piece) => ({
          choices: [{ delta: { tool_calls: lists.map((list) => list[piece]) } }],
        }));
        const finish = { choices: [{ delta: {}, finish_reason: 'tool_calls' }] };
        expect(
          outcome(
            new ChatAccumulator(),
            [...events, finish],
            drawn.map(({ id }) => id),
          ),
        ).toMatchObject({
          calls: drawn.map((call) => ({ ...call, id: hasIds ? call.id : '' })),
        });
      }),
    );
  });
});

describe('items in the events of the Responses API', () => {
  const spelling = fc.record({
    calls,
    said: fc.string(),
    cuts,
    turns,
    reference: fc.constantFrom('both', 'id', 'index', 'rotating'),
    lateAdded: fc.boolean(),
    drops: fc.record({
      deltas: fc.boolean(),
      argumentsDone: fc.boolean(),
      itemDone: fc.boolean(),
      output: fc.boolean(),
    }),
  });

  it('come to the same calls in whatever order and however few of them come, or to a failure, never to half a call', () => {
    let whole = 0;
    fc.assert(
      fc.property(spelling, ({ calls: drawn, said, cuts: at, turns: order, reference, lateAdded, drops }) => {
        let rotated = 0;
        const items = [
          { type: 'message', id: 'msg', content: [{ type: 'output_text', text: said }] },
          ...drawn.map((call, index) => ({
            type: 'function_call',
            id: `fc_${index}`,
            call_id: call.id,
            name: call.name,
            arguments: call.arguments,
          })),
        ];
        const lists = items.map((item, output_index) => {
          const place = (): object => ({
            ...(reference !== 'index' && { item_id: reference === 'rotating' ? `x${rotated++}` : item.id }),
            ...(reference !== 'id' && { output_index }),
          });
          const index = reference === 'id' ? {} : { output_index };
          const [kind, text, field] =
            'arguments' in item
              ? (['response.function_call_arguments', item.arguments, 'arguments'] as const)
              : (['response.output_text', said, 'text'] as const);
          const empty = 'arguments' in item ? { ...item, arguments: '' } : { ...item, content: [] };
          const added = { type: 'response.output_item.added', ...index, item: empty };
          const deltas = pieces(text, at).map((delta) => ({ type: `${kind}.delta`, ...place(), delta }));
          const shown = drops.deltas ? [] : deltas;
          return [
            ...(lateAdded ? [...shown, added] : [added, ...shown]),
            ...(drops.argumentsDone ? [] : [{ type: `${kind}.done`, ...place(), [field]: text }]),
            ...(drops.itemDone ? [] : [{ type: 'response.output_item.done', ...index, item }]),
          ];
        });
        const last = {
          type: 'response.completed',
          response: { status: 'completed', output: drops.output ? [] : items, usage: { total_tokens: 7 } },
        };
        const result = outcome(
          new ResponsesAccumulator(),
          [...interleaved(lists, order), last],
          drawn.map(({ id }) => id),
        );
        const isSent = !(drops.argumentsDone && drops.itemDone && drops.output);
        if (!isSent && drops.deltas) {
          expect(result).toEqual({ failed: 'incomplete-stream' });
          return;
        }
        whole += 1;
        const {
          text,
          calls: came,
          usage,
        } = result as { text: string; calls: readonly Call[]; usage: number };
        expect({ text, usage }).toEqual({ text: said, usage: 7 });
        // Without an index the order is that of arrival.
        const sorted = (all: readonly Call[]): Call[] => all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        expect(reference === 'id' ? sorted(came) : came).toEqual(drawn);
      }),
      { numRuns: 1_000 },
    );
    expect(whole).toBeGreaterThan(500);
  });

  it('with half of a call’s arguments are a failure', () => {
    fc.assert(
      fc.property(calls, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (drawn, share) => {
        const events = drawn.flatMap((call, output_index) => {
          const text = call.arguments;
          const half = text.slice(0, Math.max(1, Math.min(text.length - 1, Math.floor(share * text.length))));
          const item = { type: 'function_call', call_id: call.id, name: call.name, arguments: '' };
          return [
            { type: 'response.output_item.added', output_index, item },
            { type: 'response.function_call_arguments.delta', output_index, delta: half },
          ];
        });
        const last = { type: 'response.completed', response: { status: 'completed', output: [] } };
        expect(outcome(new ResponsesAccumulator(), [...events, last], [])).toEqual({
          failed: 'incomplete-stream',
        });
      }),
    );
  });

  it('of any kind throw nothing but a ModelError, and leave prototypes alone', () => {
    const value = fc.oneof(
      fc.constantFrom('function_call', 'message', 'reasoning', '__proto__', '', null),
      fc.integer(),
      fc.string(),
      fc.constant([null, 7]),
    );
    const item = fc.dictionary(
      fc.constantFrom('type', 'id', 'call_id', 'content', 'summary', 'arguments', 'status', '__proto__'),
      value,
    );
    const event = fc.record(
      {
        type: fc.constantFrom(
          'response.output_item.added',
          'response.output_item.done',
          'response.output_text.delta',
          'response.function_call_arguments.delta',
          'response.reasoning_summary_text.done',
          'response.completed',
          'response.incomplete',
          'error',
          'response.new',
        ),
        item: fc.oneof(item, value),
        response: fc.oneof(
          fc.record({
            output: fc.oneof(fc.array(fc.oneof(item, value)), value),
            usage: value,
            status: value,
          }),
          value,
        ),
        item_id: value,
        output_index: value,
        delta: value,
        text: value,
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), (events) => {
        outcome(new ResponsesAccumulator(), events, []);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});

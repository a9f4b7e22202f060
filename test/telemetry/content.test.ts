import { describe, expect, it } from 'vitest';
import { onStage, turns } from '../scenarios/support.ts';
import { withCollector } from './collector.ts';

const KEY = 'the-key-of-this-provider-1234';
const LOOKS_LIKE_ONE = 'sk-abcdefghijklmnop1234567890';
const CONTENT_KEYS = [
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
];

const RULES = turns(
  { text: 'I write', calls: [{ name: 'write', arguments: { path: 'a.txt', content: `key ${KEY}` } }] },
  { text: 'done', reasoning: 'hm' },
);

async function attributesOf(
  telemetry: boolean | { recordContent: boolean } | undefined,
): Promise<readonly (readonly [string, Readonly<Record<string, unknown>>])[]> {
  return withCollector(async (collector) => {
    const providers = { spare: { baseURL: 'http://127.0.0.1:9', apiKey: KEY } };
    await onStage(RULES, { providers, ...(telemetry === undefined ? {} : { telemetry }) }, async (stage) => {
      const session = await stage.start();
      await session.prompt(`go with ${KEY} and ${LOOKS_LIKE_ONE}`);
    });
    return collector.spans.map(({ name, attributes }) => [name, attributes] as const);
  });
}

describe('content', () => {
  it('is in no attribute of any span unless it is asked for', async () => {
    for (const [, attributes] of await attributesOf(undefined)) {
      expect(Object.keys(attributes).filter((key) => CONTENT_KEYS.includes(key))).toEqual([]);
      expect(JSON.stringify(attributes)).not.toContain('I write');
    }
  });

  it('is recorded when it is asked for, in the conventions’ form', async () => {
    const spans = await attributesOf({ recordContent: true });
    const chats = spans.flatMap(([name, attributes]) => (name.startsWith('chat ') ? [attributes] : []));
    const [first, second] = chats;
    const input = JSON.parse(String(second?.['gen_ai.input.messages'])) as {
      role: string;
      parts: unknown[];
    }[];
    expect(input.map(({ role }) => role).slice(-3)).toEqual(['user', 'assistant', 'tool']);
    expect(JSON.parse(String(first?.['gen_ai.output.messages']))).toMatchObject([
      {
        role: 'assistant',
        finish_reason: 'tool-calls',
        parts: [
          { type: 'text', content: 'I write' },
          { type: 'tool_call', name: 'write', arguments: { path: 'a.txt' } },
        ],
      },
    ]);
    expect(JSON.parse(String(second?.['gen_ai.output.messages']))).toMatchObject([
      {
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'text', content: 'done' },
        ],
      },
    ]);
    const tool = spans.find(([name]) => name === 'execute_tool write')?.[1];
    expect(JSON.parse(String(tool?.['gen_ai.tool.call.arguments']))).toMatchObject({ path: 'a.txt' });
    expect(tool?.['gen_ai.tool.call.result']).toContain('a.txt');
  });

  it('is recorded without secrets, known ones and what looks like one', async () => {
    const text = JSON.stringify(await attributesOf({ recordContent: true }));
    expect(text).toContain('go with [redacted] and [redacted]');
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(LOOKS_LIKE_ONE);
  });
});

describe('telemetry that is switched off', () => {
  it('makes no span', async () => {
    expect(await attributesOf(false)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../../src/model/model.ts';
import type { Quirks } from '../../src/model/quirks.ts';
import { asking, collect } from '../contracts/model.ts';
import { withRawServer } from './raw-server.ts';

const TOOLS = JSON.stringify([
  { type: 'function', function: { name: 'ls', description: 'lists', parameters: { type: 'object' } } },
]);

/** The body, as text, of a request to a provider with these quirks. */
async function bodyOf(quirks: Partial<Quirks>, more: Partial<ModelRequest> = {}): Promise<string> {
  return withRawServer(
    (response) => response.writeHead(400).end(),
    async ({ model, requests }) => {
      await collect(model, asking('go', more));
      return requests[0]!.body;
    },
    { provider: { quirks } },
  );
}

async function sent(quirks: Partial<Quirks>, options: object): Promise<Record<string, unknown>> {
  return JSON.parse(await bodyOf(quirks, { options: { ...options } })) as Record<string, unknown>;
}

describe('options of Chat Completions', () => {
  it.each<[Quirks['tokenField'], object, object]>([
    ['max_tokens', { max_completion_tokens: 7 }, { max_tokens: 7 }],
    ['max_completion_tokens', { max_tokens: 7 }, { max_completion_tokens: 7 }],
    ['max_tokens', { max_tokens: 7 }, { max_tokens: 7 }],
    ['any', { max_completion_tokens: 7 }, { max_completion_tokens: 7 }],
    ['max_tokens', { max_completion_tokens: 7, max_tokens: 8 }, { max_tokens: 8 }],
    ['any', { max_completion_tokens: 7, max_tokens: 8 }, { max_completion_tokens: 7, max_tokens: 8 }],
  ])(
    'have the output limit under the name that is understood: %s of %j',
    async (tokenField, given, expected) => {
      const {
        model: _,
        stream: __,
        stream_options: ___,
        messages: ____,
        ...options
      } = await sent({ tokenField }, given);
      expect(options).toEqual(expected);
    },
  );

  it('are without what a provider refuses', async () => {
    const body = await sent(
      { usageInStream: false, parallelToolCalls: false },
      { parallel_tool_calls: true },
    );
    expect(Object.keys(body)).toEqual(['model', 'stream', 'messages']);
  });
});

describe('options of the Responses API', () => {
  it('ask for nothing to be kept', async () => {
    expect(await sent({ api: 'responses' }, {})).toEqual({
      model: 'scripted',
      stream: true,
      store: false,
      input: [{ role: 'user', content: 'go' }],
    });
  });

  it('ask for encrypted reasoning where there is such a thing', async () => {
    const quirks = { api: 'responses', encryptedReasoning: true } as const;
    expect(await sent(quirks, {})).toMatchObject({ include: ['reasoning.encrypted_content'] });
    const include = ['file_search_call.results'];
    expect(await sent(quirks, { include })).toMatchObject({
      include: [...include, 'reasoning.encrypted_content'],
    });
  });

  it.each<[object, object]>([
    [{ max_tokens: 7 }, { max_output_tokens: 7 }],
    [{ max_completion_tokens: 7 }, { max_output_tokens: 7 }],
    [{ max_output_tokens: 7, max_tokens: 8 }, { max_output_tokens: 7 }],
    [{ reasoning_effort: 'low' }, { reasoning: { effort: 'low' } }],
    [
      { reasoning_effort: 'low', reasoning: { summary: 'auto', effort: 'high' } },
      { reasoning: { effort: 'high', summary: 'auto' } },
    ],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {}, strict: true } } },
      { text: { format: { type: 'json_schema', name: 'a', schema: {}, strict: true } } },
    ],
    [
      { response_format: { type: 'json_object' }, verbosity: 'low' },
      { text: { format: { type: 'json_object' }, verbosity: 'low' } },
    ],
    [
      { tool_choice: { type: 'function', function: { name: 'ls' } } },
      { tool_choice: { type: 'function', name: 'ls' } },
    ],
    [
      { tool_choice: 'required', temperature: 0 },
      { tool_choice: 'required', temperature: 0 },
    ],
    [{ stream_options: { include_usage: true } }, {}],
    [{ store: true }, { store: true }],
  ])('are translated: %j', async (given, expected) => {
    const { model: _, stream: __, input: ___, ...options } = await sent({ api: 'responses' }, given);
    expect(options).toEqual({ store: false, ...expected });
  });

  it('have flat tools, strict only where the tool says so', async () => {
    const generic = JSON.parse(await bodyOf({ api: 'responses' }, { tools: TOOLS })) as object;
    const flat = { type: 'function', name: 'ls', description: 'lists', parameters: { type: 'object' } };
    expect(generic).toMatchObject({ tools: [flat] });
    const strict = JSON.parse(await bodyOf({ api: 'responses', strict: true }, { tools: TOOLS })) as object;
    expect(strict).toMatchObject({ tools: [{ ...flat, strict: false }] });
  });
});

describe('the bodies of two conversations that begin alike', () => {
  const shared = '{"role":"system","content":"be good"}';

  it.each<[string, Partial<Quirks>]>([
    ['chat', {}],
    ['responses', { api: 'responses', encryptedReasoning: true }],
  ])('are the same, byte for byte, up to where they part: %s', async (_api, quirks) => {
    const [one, other] = await Promise.all(
      ['first task', 'other task'].map((task) =>
        bodyOf(quirks, {
          messages: `${shared},{"role":"user","content":"${task}"}`,
          tools: TOOLS,
          options: { temperature: 0, max_tokens: 9 },
        }),
      ),
    );
    const parting = one!.indexOf('first task');
    expect(one!.slice(0, parting)).toBe(other!.slice(0, parting));
    for (const part of ['"temperature":0', '"name":"ls"', shared])
      expect(one!.slice(0, parting)).toContain(part);
  });
});

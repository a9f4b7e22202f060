import { describe, expect, it } from 'vitest';
import { Conversation } from '../../src/journal/conversation.ts';
import { CHAT, dialectOf, type Dialect } from '../../src/model/dialect.ts';
import type { KeptReasoning, Message } from '../../src/model/message.ts';
import { GENERIC, type Quirks } from '../../src/model/quirks.ts';

const HERE = { provider: 'p', model: 'm' };
const LONG_ID = 'call_0123456789012345678901234567890123456789';

function dialect(quirks: Partial<Quirks>, source = HERE): Dialect {
  return dialectOf({ ...GENERIC, ...quirks }, source);
}

function kept(
  text: string,
  details: readonly unknown[] = [],
  api: 'chat' | 'responses' = 'chat',
): KeptReasoning {
  return { from: { ...HERE, api }, text, details };
}

/** Asked, called a tool that answered, said something and was asked again. */
function talk(reasoning?: KeptReasoning, id = 'c1'): Conversation {
  const conversation = new Conversation();
  conversation.addSystem('be good');
  conversation.addUser('go');
  conversation.addAssistant('', [{ id, name: 'ls', arguments: '{"path":"."}' }], reasoning);
  conversation.addResult({ callId: id, name: 'ls', content: 'a.ts', isError: false });
  conversation.addAssistant('done', []);
  conversation.addUser('more');
  return conversation;
}

function written(conversation: Conversation, as: Dialect): Record<string, unknown>[] {
  return JSON.parse(`[${conversation.encoded(as)}]`) as Record<string, unknown>[];
}

describe('Chat Completions', () => {
  it('is what a session shows, without its reasoning', () => {
    const plain = talk().messages;
    expect(written(talk(), CHAT)).toEqual(plain);
    expect(written(talk(kept('hm', [{ a: 1 }])), CHAT)).toEqual(plain);
  });

  it('has the system text as the developer’s where that is wanted', () => {
    const [first] = written(talk(), dialect({ developerRole: true }));
    expect(first).toEqual({ role: 'developer', content: 'be good' });
  });

  it('names the tool with its result where that is wanted', () => {
    expect(written(talk(), dialect({ toolResultName: true }))[3]).toEqual({
      role: 'tool',
      tool_call_id: 'c1',
      content: 'a.ts',
      name: 'ls',
    });
  });

  it('has an assistant speak between a result and the user where that is wanted', () => {
    const conversation = talk();
    conversation.restore(4, [{ role: 'user', content: 'stop' }]);
    const roles = written(conversation, dialect({ assistantAfterTool: true })).map(({ role }) => role);
    expect(roles).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
    expect(written(conversation, CHAT).map(({ role }) => role)).toEqual(
      conversation.messages.map(({ role }) => role),
    );
  });

  it.each([
    ['max-40', /^[\da-f]{40}$/],
    ['nine-alphanumerics', /^[\da-f]{9}$/],
  ] as const)('gives a call and its result the same other id where theirs does not fit: %s', (rule, form) => {
    const messages = written(talk(undefined, LONG_ID), dialect({ toolCallIds: rule }));
    const [call] = messages[2]!['tool_calls'] as [{ id: string }];
    expect(call.id).toMatch(form);
    expect(messages[3]?.['tool_call_id']).toBe(call.id);
    expect(written(talk(undefined, LONG_ID), dialect({ toolCallIds: rule }))).toEqual(messages);
  });

  it('leaves an id that fits as it is', () => {
    const messages = written(talk(undefined, 'abcDEF123'), dialect({ toolCallIds: 'nine-alphanumerics' }));
    expect(messages[3]?.['tool_call_id']).toBe('abcDEF123');
  });
});

describe('reasoning', () => {
  const details = [{ type: 'reasoning.text', text: 'hm', signature: 'x', index: 0 }];

  it.each<[Quirks['reasoningBack'], object]>([
    ['reasoning_content', { reasoning_content: 'hm' }],
    ['reasoning', { reasoning: 'hm' }],
    ['reasoning_details', { reasoning_details: details }],
  ])('goes back as %s to where it came from', (reasoningBack, expected) => {
    const [, , answer] = written(talk(kept('hm', details)), dialect({ reasoningBack }));
    expect(answer).toEqual({ ...(talk().messages[2] as object), ...expected });
  });

  it.each<Quirks['reasoningBack']>(['reasoning', 'reasoning_details', 'none'])(
    'goes to nobody else as %s: neither to another model nor to another provider',
    (reasoningBack) => {
      const conversation = talk(kept('hm', details));
      for (const other of [
        { provider: 'p', model: 'other' },
        { provider: 'other', model: 'm' },
      ]) {
        const text = conversation.encoded(dialect({ reasoningBack }, other));
        expect(text).not.toContain('hm');
        expect(JSON.parse(`[${text}]`)).toEqual(talk().messages);
      }
    },
  );

  it('is said to be none, where it is demanded with calls, when another model made them', () => {
    const other = dialect({ reasoningBack: 'reasoning_content' }, { provider: 'p', model: 'other' });
    const messages = written(talk(kept('hm')), other);
    expect(messages[2]).toHaveProperty('reasoning_content', '');
    expect(messages[4]).not.toHaveProperty('reasoning_content');
  });
});

describe('marks for a prompt cache', () => {
  const marking = dialect({ cacheControl: 'anthropic' });
  const mark = (text: string): object[] => [{ type: 'text', text, cache_control: { type: 'ephemeral' } }];

  it('are on the system text and on the last message, and nowhere else', () => {
    const messages = written(talk(), marking);
    expect(messages[0]?.['content']).toEqual(mark('be good'));
    expect(messages[5]).toEqual({ role: 'user', content: mark('more') });
    expect(messages.slice(1, 5)).toEqual(talk().messages.slice(1, 5));
  });

  it('move on: what was last once is written plainly from then on', () => {
    const conversation = new Conversation();
    const steps = talk().messages;
    for (const [index, message] of steps.entries()) {
      conversation.restore(index, [message]);
      const fresh = new Conversation();
      fresh.restore(0, steps.slice(0, index + 1));
      expect(conversation.encoded(marking)).toBe(fresh.encoded(marking));
    }
    expect(JSON.stringify(written(conversation, marking)).match(/cache_control/g)).toHaveLength(2);
  });

  it('are right after messages were taken back', () => {
    const conversation = talk();
    conversation.encoded(marking);
    conversation.restore(5, []);
    const messages = written(conversation, marking);
    expect(messages).toHaveLength(5);
    expect(messages[4]).toEqual({ role: 'assistant', content: mark('done') });
  });

  it('are on no message without text: they would be refused', () => {
    const conversation = new Conversation();
    conversation.addUser('');
    expect(written(conversation, marking)).toEqual([{ role: 'user', content: '' }]);
    expect(new Conversation().encoded(marking)).toBe('');
  });
});

describe('the Responses API', () => {
  const responses: Partial<Quirks> = { api: 'responses', reasoningBack: 'output_items' };
  const items = [
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'c1',
      name: 'ls',
      arguments: '{"path":"."}',
      status: 'completed',
    },
  ];

  it('has items for messages, calls and results', () => {
    expect(written(talk(), dialect(responses))).toEqual([
      { type: 'message', role: 'system', content: 'be good' },
      { type: 'message', role: 'user', content: 'go' },
      { type: 'function_call', call_id: 'c1', name: 'ls', arguments: '{"path":"."}' },
      { type: 'function_call_output', call_id: 'c1', output: 'a.ts' },
      { type: 'message', role: 'assistant', content: 'done' },
      { type: 'message', role: 'user', content: 'more' },
    ]);
  });

  it('gets the items of a response back as they came, in order', () => {
    const conversation = talk(kept('', items, 'responses'));
    const text = conversation.encoded(dialect(responses));
    expect(text).toContain(items.map((item) => JSON.stringify(item)).join(','));
    expect(JSON.parse(`[${text}]`)).toHaveLength(7);
  });

  it('gets nothing back that came from another model, or by the other protocol', () => {
    const other = dialect(responses, { provider: 'p', model: 'other' });
    expect(written(talk(kept('', items, 'responses')), other)).toEqual(written(talk(), other));
    expect(written(talk(kept('', items)), dialect(responses))).toEqual(written(talk(), dialect(responses)));
  });

  it.each([
    ['custom_tool_call', { type: 'custom_tool_call_output', call_id: 'c1', output: 'a.ts' }],
    [
      'apply_patch_call',
      { type: 'apply_patch_call_output', call_id: 'c1', status: 'completed', output: 'a.ts' },
    ],
  ])('answers a %s as one', (type, expected) => {
    const conversation = talk(kept('', [{ type, call_id: 'c1', name: 'ls' }], 'responses'));
    expect(written(conversation, dialect(responses))[3]).toEqual(expected);
  });
});

describe('what is written once', () => {
  const all: [string, Dialect][] = [
    ['chat', CHAT],
    [
      'chat with everything',
      dialect({
        developerRole: true,
        toolResultName: true,
        assistantAfterTool: true,
        toolCallIds: 'nine-alphanumerics',
        reasoningBack: 'reasoning_details',
      }),
    ],
    ['responses', dialect({ api: 'responses', reasoningBack: 'output_items' })],
  ];

  it.each(all)('stays as it is while the conversation grows: %s', (_name, as) => {
    const steps: readonly Message[] = talk(kept('hm', [{ index: 0 }])).messages;
    const conversation = new Conversation();
    let before = '';
    for (const [index, message] of steps.entries()) {
      conversation.restore(index, [message]);
      const now = conversation.encoded(as);
      expect(now.startsWith(before)).toBe(true);
      before = now;
    }
  });

  it('has a key for each way of writing', () => {
    expect(new Set(all.map(([, { key }]) => key)).size).toBe(all.length);
    expect(dialect({ reasoningBack: 'reasoning' }, { provider: 'p', model: 'other' }).key).not.toBe(
      dialect({ reasoningBack: 'reasoning' }).key,
    );
  });
});

describe('a message with images', () => {
  const url = 'data:image/png;base64,AAAA';
  const content = [
    { type: 'text', text: 'look' },
    { type: 'image_url', image_url: { url } },
  ] as const;

  function user(quirks: Partial<Quirks>): unknown {
    const conversation = new Conversation();
    conversation.addUser(content);
    return written(conversation, dialect(quirks))[0]?.['content'];
  }

  it('is the same in Chat Completions, and called otherwise in the Responses API', () => {
    expect(user({})).toEqual(content);
    expect(user({ api: 'responses' })).toEqual([
      { type: 'input_text', text: 'look' },
      { type: 'input_image', image_url: url },
    ]);
  });

  it('names them where the provider takes none', () => {
    for (const api of ['chat', 'responses'] as const) {
      expect(user({ api, images: false })).toBe('look\n\n[image: image/png, 1 KiB]');
    }
  });

  it('has its mark on its last text, and none where there is no text', () => {
    const [text, image] = content;
    expect(user({ cacheControl: 'anthropic' })).toEqual([
      { ...text, cache_control: { type: 'ephemeral' } },
      image,
    ]);
    const conversation = new Conversation();
    conversation.addUser([image]);
    expect(written(conversation, dialect({ cacheControl: 'anthropic' }))[0]?.['content']).toEqual([image]);
  });
});

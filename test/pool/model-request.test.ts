import { describe, expect, it } from 'vitest';
import { ContextBook } from '../../src/context/context-book.ts';
import { estimateTokens } from '../../src/context/estimate.ts';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { IMAGE_TOKENS } from '../../src/model/content.ts';
import { NO_USAGE } from '../../src/model/model.ts';
import type { ContentPart, UserContent } from '../../src/model/message.ts';
import { modelRequest, sideRequest, type RequestPorts } from '../../src/pool/model-request.ts';
import { ProviderBook } from '../../src/pool/provider-book.ts';
import type { SessionSpec } from '../../src/protocol/messages.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';
import { prompt, responded } from '../contracts/journal-store.ts';
import { dataUrlOf } from '../fixtures/images.ts';

const MODEL = 'here:m';
const FALLBACK = 'here:other';
const SCHEMA = {
  name: 'answer',
  json: JSON.stringify({ enum: Array.from({ length: 90 }, (_, at) => at) }),
  strict: false,
};

function ports(): RequestPorts {
  const providers = new ProviderBook({ here: { baseURL: 'http://127.0.0.1:9' } });
  providers.admitAll({ model: MODEL, fallback: [FALLBACK] });
  return { providers, context: new ContextBook() };
}

function session(content: UserContent, modelOptions: SessionSpec['modelOptions'] = {}): SessionRecord {
  const record = new SessionRecord({
    sessionId: 's',
    model: MODEL,
    fallback: [FALLBACK],
    modelOptions,
    system: '',
    skills: [],
    tools: [],
    images: [],
    maxTurns: 1,
    quota: DEFAULT_QUOTA,
  });
  record.conversation.addUser(content);
  return record;
}

/** What the gate is told of the session's next request. */
function tokens(record: SessionRecord, { model = MODEL, by = ports() } = {}): number {
  return modelRequest(record, model, by).estimatedTokens;
}

function image(bytes: number): ContentPart {
  return { type: 'image_url', image_url: { url: dataUrlOf('png', Buffer.alloc(bytes)) } };
}

describe('the tokens that a request is let through with', () => {
  it('hold an image for what providers count, however many bytes of it are sent', () => {
    const text = { type: 'text', text: 'look' } as const;
    const without = tokens(session([text]));
    for (const bytes of [10, 1_000_000]) {
      const record = session([text, image(bytes), image(bytes)]);
      expect(modelRequest(record, MODEL, ports()).request.messages.length).toBeGreaterThan(bytes);
      expect(tokens(record)).toBe(without + 2 * IMAGE_TOKENS);
    }
  });

  it('are those of the conversation by the provider’s last count, which says nothing of another model', () => {
    const record = session('word '.repeat(1_000));
    const guessed = tokens(record);
    expect(guessed).toBeGreaterThan(1_300);
    record.apply(prompt('s/1'));
    record.apply(responded({ inputTokens: 2_600, totalTokens: 2_600 }));
    expect(tokens(record)).toBeGreaterThanOrEqual(2_600);
    expect(tokens(record)).toBeLessThan(2_700);
    expect(tokens(record, { model: FALLBACK })).toBeLessThan(guessed + 50);
  });

  it('are by what other sessions were told, where this one was told nothing', () => {
    const by = ports();
    by.context.learnUsage(FALLBACK, 180, { ...NO_USAGE, inputTokens: 100 });
    const record = session('word '.repeat(1_000));
    expect(tokens(record, { model: FALLBACK, by })).toBeCloseTo(2 * tokens(record, { by }), -1);
  });

  it.each([
    [{ max_tokens: 500 }, 500],
    [{ max_output_tokens: 500 }, 500],
    [{ max_tokens: 9, max_completion_tokens: 500 }, 500],
    [{ max_tokens: -1 }, 0],
  ])('hold the answer at its longest: %j', (options, expected) => {
    expect(tokens(session('go', options)) - tokens(session('go'))).toBe(expected);
  });

  it('hold the schema, whether it is a field of the request or said in words', () => {
    const by = ports();
    const asked = (more: object = {}): SessionRecord => {
      const record = session('go');
      record.apply({ type: 'prompt-accepted', promptId: 's/1', text: 'go', at: 1, ...more });
      return record;
    };
    const record = asked({ schema: SCHEMA });
    const expected = tokens(asked(), { by }) + estimateTokens(SCHEMA.json);
    const sent = modelRequest(record, MODEL, by);
    expect(sent.request.schema).toEqual(SCHEMA);
    by.providers.schemaRefused(MODEL);
    const said = modelRequest(record, MODEL, by);
    expect(said.request.schema).toBeUndefined();
    for (const { estimatedTokens } of [sent, said]) {
      expect(Math.abs(estimatedTokens - expected)).toBeLessThanOrEqual(1);
    }
  });

  it('hold the definitions of the tools', () => {
    const record = session('go');
    const without = tokens(record);
    record.opening = { system: null, tools: JSON.stringify([{ description: 'word '.repeat(720) }]) };
    expect(tokens(record) - without).toBeGreaterThanOrEqual(1_000);
  });

  it('of something asked aside are its own', () => {
    const record = session('word '.repeat(1_000));
    const { estimatedTokens } = sideRequest(record, MODEL, ports(), [{ role: 'user', content: 'go' }]);
    expect(estimatedTokens).toBe(tokens(session('go')));
  });
});

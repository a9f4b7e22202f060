import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../src/model/recording/read-recording.ts';
import type { ProviderOptions } from '../../src/model/model.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Session } from '../../src/pool/session.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { exchangesIn, inDirectory } from '../model/recording/on-tape.ts';
import { withHastyGate } from './hasty-gate.ts';
import { normalForm } from './normal-form.ts';
import { collect, onStage, turns } from './support.ts';

interface Play {
  readonly rules: ScriptedModelScript | readonly ScriptedRule[];
  readonly provider?: ProviderOptions;
  readonly recording?: PoolOptions;
  readonly options?: PoolOptions;
  /** What the sessions do, as events in their normal form. */
  readonly act: (pool: SessionPool) => Promise<object[]>;
}

/** Records what a pool does and, with the server gone, replays it. */
async function recordedAndReplayed({ rules, provider, recording, options, act }: Play): Promise<{
  readonly recorded: object[];
  readonly replayed: object[];
}> {
  return inDirectory(async (directory) => {
    const server = await startScriptedModel('rules' in rules ? rules : { rules });
    const providers = {
      scripted: { baseURL: server.baseURL, ...provider },
      second: { baseURL: server.baseURL },
    };
    const parts = withHastyGate({ ...options, ...recording, providers, record: directory });
    let recorded: object[];
    try {
      recorded = await inPool(await SessionPool.over(parts), act);
    } finally {
      await server.close();
    }
    const replaying = await SessionPool.open({ ...options, providers: readRecording(directory).providers });
    return { recorded, replayed: await inPool(replaying, act) };
  });
}

async function inPool(pool: SessionPool, act: Play['act']): Promise<object[]> {
  try {
    return await act(pool);
  } finally {
    await pool.close({ deadlineMs: 0 });
  }
}

const FINE: ScriptedRule = { answer: { text: 'fine' } };

/** One session that is asked one thing after another. */
function asks(prompts: readonly string[], options = {}, ask = {}): Play['act'] {
  return async (pool) => {
    const session = await pool.start({ id: 's', model: 'scripted:scripted', ...options });
    const all: object[] = [];
    for (const prompt of prompts) all.push(...normalForm(await collect(session.stream(prompt, ask))));
    return all;
  };
}

const LONG = Object.fromEntries(
  Array.from({ length: 12 }, (_, n) => [`f${n}.txt`, `file ${n}\n${'some text of it '.repeat(90)}\n`]),
);
const SCHEMA = { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] };

describe('a replay repeats', () => {
  it.each<[string, Play & { readonly says: string }]>([
    [
      'the Responses API',
      {
        rules: turns({ reasoning: 'hm', calls: [{ name: 'list', arguments: {} }] }, { text: 'that is all' }),
        provider: { api: 'responses' },
        act: asks(['go', 'go on']),
        says: 'that is all',
      },
    ],
    [
      'what sessions in processes of their own were told',
      { rules: [FINE], recording: { isolation: 'process' }, act: asks(['go']), says: 'fine' },
    ],
    [
      'an answer that had to be mended',
      {
        rules: [
          { match: { user: '^Your answer is not the JSON' }, answer: { text: '{"count":3}' } },
          { answer: { text: '{"count":"three"}' } },
        ],
        act: asks(['how many'], {}, { schema: SCHEMA }),
        says: 'output-refused',
      },
    ],
    [
      'what a long conversation was summed up to',
      {
        rules: [
          {
            answer: ({ system, user, messages }) => {
              if (system.includes('You compact the history')) return { text: 'Files were read.' };
              const isRead = messages.at(-1)?.role === 'tool';
              return isRead ? { text: 'seen' } : { calls: [{ name: 'read', arguments: { path: user } }] };
            },
          },
        ],
        options: { contextTokens: { 'scripted:*': 4_000 } },
        act: asks(Object.keys(LONG), { base: baseImage.fromFiles(LONG), tools: ['read'] }),
        says: '"type":"compacted"',
      },
    ],
    [
      'a fallback after all attempts',
      {
        rules: [{ match: { model: 'm' }, answer: { text: 'from the second' } }, { fault: { status: 500 } }],
        act: asks(['go'], { fallback: ['second:m'] }),
        says: 'model-fell-back',
      },
    ],
    [
      'the end of a prompt whose attempts are used up',
      { rules: [{ fault: { status: 500 } }], act: asks(['go']), says: 'model-error' },
    ],
    [
      'a provider that takes no schema, which is known from then on',
      {
        rules: [
          {
            match: { schema: 'tally' },
            fault: { status: 400, body: { error: { message: 'no json_schema', param: 'response_format' } } },
          },
          { answer: { text: '{"count":3}' } },
        ],
        act: asks(['how many', 'and now'], {}, { schema: SCHEMA, schemaName: 'tally' }),
        says: 'schema-refused',
      },
    ],
    [
      'a storm that was waited out',
      {
        rules: [
          { times: 1, answer: { text: 'before' } },
          // More than four for one of three sessions, however they are shared out.
          { times: 13, fault: { status: 500 } },
          { answer: { text: 'after' } },
        ],
        act: async (pool) => {
          const sessions = await Promise.all(
            ['a', 'b', 'c'].map((id) => pool.start({ id, model: 'scripted:scripted' })),
          );
          const ask = async (session: Session, prompt: string) =>
            normalForm(await collect(session.stream(prompt)));
          const first = await ask(sessions[0]!, 'go');
          return [...first, ...(await Promise.all(sessions.map((session) => ask(session, 'go on')))).flat()];
        },
        says: '"attempt":5',
      },
    ],
  ])('%s', async (_what, { says, ...play }) => {
    const { recorded, replayed } = await recordedAndReplayed(play);
    expect(JSON.stringify(recorded)).toContain(says);
    expect(replayed).toEqual(recorded);
  });

  it.each<[string, object]>([
    ['without a fallback', {}],
    ['with one', { fallback: ['second:m'] }],
  ])('what came of a prompt whose provider asked to wait for a day, %s', async (_what, options) => {
    const rules: ScriptedRule[] = [
      { match: { model: 'm' }, answer: { text: 'from the second' } },
      { fault: { status: 429, retryAfter: 86_400 } },
    ];
    const { recorded, replayed } = await recordedAndReplayed({ rules, act: asks(['go'], options) });
    expect(JSON.stringify(recorded)).toContain('rate limited until');
    expect(withoutGatesWords(replayed)).toEqual(withoutGatesWords(recorded));
  });
});

describe('a replay', () => {
  it('says of a damaged exchange that it is, though an attempt came before it', async () => {
    await inDirectory(async (directory) => {
      const rules: ScriptedRule[] = [{ times: 1, fault: { status: 500 } }, FINE];
      await onStage(rules, { record: directory }, async (stage) => {
        expect((await (await stage.start({ id: 's' })).prompt('go')).reply).toBe('fine');
      });
      const [, second = ''] = exchangesIn(directory);
      writeFileSync(join(directory, second), '{');
      const pool = await SessionPool.open({ providers: readRecording(directory).providers });
      const act = async (): Promise<object[]> => {
        const session = await pool.start({ id: 's', model: 'scripted:scripted' });
        const { error } = await session.prompt('go');
        expect(error).toMatchObject({ kind: 'not-recorded' });
        expect(error?.message).toContain(`${second} of the recording ${directory} is not what was written`);
        return [];
      };
      await inPool(pool, act);
    });
  });
});

/** What the gate says of a wait has a date in it; a replay has the provider's own words in its place. */
function withoutGatesWords(events: readonly object[]): unknown {
  return JSON.parse(JSON.stringify(events), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'rate-limited')
      return value;
    return { ...value, message: '', status: 429 };
  });
}

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelDeadlines, ModelEvent } from '../../../src/model/model.ts';
import { readRecording } from '../../../src/model/recording/read-recording.ts';
import { replayProvider } from '../../../src/model/recording/replay-provider.ts';
import type { ScriptedRule } from '../../../src/model/scripted/script.ts';
import { asking, outline } from '../../contracts/model.ts';
import { failureOf } from '../on-scripted.ts';
import { KEY } from '../raw-server.ts';
import { exchangesIn, inDirectory, record, replay, textsIn, type TapedModel } from './on-tape.ts';

const ANSWER = { text: 'one two three' };

describe('a replay', () => {
  it.each<[string, ScriptedRule, Partial<ModelDeadlines>]>([
    ['an answer', { answer: { ...ANSWER, reasoning: 'hm', usage: { input: 7, output: 3 } } }, {}],
    ['tool calls', { answer: { text: 'looking', calls: [{ name: 'read', arguments: { path: 'a' } }] } }, {}],
    ['characters of several bytes', { answer: { text: 'héllo 🎉 世界', chunks: 12 } }, {}],
    ['a rate limit', { fault: { status: 429, body: { error: { message: 'slow down' } } } }, {}],
    ['an error of the server', { fault: { status: 500 } }, {}],
    ['a web page', { fault: { html: true } }, {}],
    ['no connection', { fault: { refuse: true } }, {}],
    ['an answer that is cut', { answer: ANSWER, fault: { cutAtByte: 700 } }, {}],
    ['an answer that has no end', { answer: ANSWER, fault: { noFinish: true } }, {}],
    ['an error in the stream', { answer: ANSWER, fault: { errorEvent: { message: 'overloaded' } } }, {}],
    ['a deadline that passed', { answer: ANSWER, fault: { stall: 700 } }, { idleMs: 60 }],
    ['a redirect', { fault: { redirect: 'http://127.0.0.1:1/' } }, {}],
  ])('tells what the recorded call told: %s', async (_what, rule, deadlines) => {
    await inDirectory(async (directory) => {
      const ask = (model: TapedModel): Promise<ModelEvent[]> => model.ask(asking('go'));
      const recorded = await record(directory, [rule], ask, { deadlines });
      expect(joined(await replay(directory, ask))).toEqual(joined(recorded));
      expect(exchangesIn(directory)).toHaveLength(1);
    });
  });

  it('gives each attempt what it was given', async () => {
    await inDirectory(async (directory) => {
      const rules: ScriptedRule[] = [
        { times: 1, fault: { status: 429 } },
        { times: 1, fault: { status: 503 } },
        { answer: ANSWER },
      ];
      const ask = async (model: TapedModel): Promise<string[]> => {
        const told: string[] = [];
        for (const attempt of [1, 2, 3]) told.push(...outline(await model.ask(asking('go'), { attempt })));
        return told;
      };
      const recorded = await record(directory, rules, ask);
      expect(recorded).toEqual(['failed rate-limited', 'failed overloaded', 'text', 'end']);
      expect(await replay(directory, ask)).toEqual(recorded);
    });
  });

  it('gives equal requests of several sessions each its own, in whatever order they come', async () => {
    await inDirectory(async (directory) => {
      const sessions = ['a', 'b', 'c'];
      const rules = sessions.map((sessionId): ScriptedRule => ({
        times: 1,
        answer: { text: `for ${sessionId}` },
      }));
      const askAll = async (model: TapedModel, order: readonly string[]): Promise<[string, string][]> => {
        const texts: [string, string][] = [];
        for (const sessionId of order)
          texts.push([sessionId, textOf(await model.ask(asking('go'), { sessionId }))]);
        return texts;
      };
      await record(directory, rules, (model) => askAll(model, sessions));
      expect(await replay(directory, (model) => askAll(model, ['c', 'a', 'b']))).toEqual([
        ['c', 'for c'],
        ['a', 'for a'],
        ['b', 'for b'],
      ]);
    });
  });

  it('gives sessions of other ids what was recorded for the same request, each once', async () => {
    await inDirectory(async (directory) => {
      const rules = ['first', 'second'].map((text): ScriptedRule => ({ times: 1, answer: { text } }));
      const askBy = async (model: TapedModel, ids: readonly string[]): Promise<ModelEvent[][]> => {
        const all: ModelEvent[][] = [];
        for (const sessionId of ids) all.push(await model.ask(asking('go'), { sessionId }));
        return all;
      };
      await record(directory, rules, (model) => askBy(model, ['a', 'b']));
      const played = await replay(directory, (model) => askBy(model, ['x', 'y', 'z']));
      expect(played.slice(0, 2).map(textOf)).toEqual(['first', 'second']);
      expect(failureOf(played[2]!)).toMatchObject({ kind: 'not-recorded', retryable: false });
      expect(failureOf(played[2]!).message).toContain('no more often than it was asked already');
    });
  });

  it('asks nobody to wait, unless it is told to take its time', async () => {
    await inDirectory(async (directory) => {
      const ask = (model: TapedModel): Promise<ModelEvent[]> => model.ask(asking('go'));
      await record(directory, [{ fault: { status: 429, retryAfter: 90 } }], ask);
      expect(failureOf(await replay(directory, ask)).retryAfterMs).toBeUndefined();
      expect(failureOf(await replay(directory, ask, { replayTiming: true })).retryAfterMs).toBe(90_000);
    });
  });

  it('takes as long as the provider took only when it is told to, and can be cancelled meanwhile', async () => {
    await inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], (model) => model.ask(asking('go')));
      const [file = ''] = exchangesIn(directory);
      rewrite(directory, file, (exchange) => {
        exchange['answer'] = { ...(exchange['answer'] as object), afterMs: 3_600_000 };
      });
      expect(outline(await replay(directory, (model) => model.ask(asking('go'))))).toEqual(['text', 'end']);
      const controller = new AbortController();
      const slow = (model: TapedModel): Promise<ModelEvent[]> => {
        setImmediate(() => controller.abort());
        return model.ask(asking('go'), {}, controller.signal);
      };
      expect(outline(await replay(directory, slow, { replayTiming: true }))).toEqual(['failed cancelled']);
    });
  });

  it('says of a call that was cancelled when it was recorded that its end is not known', async () => {
    await inDirectory(async (directory) => {
      const rules: ScriptedRule[] = [{ answer: { text: 'one two', delay: { betweenMs: 60_000 } } }];
      await record(directory, rules, async (model) => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 50);
        await model.ask(asking('go'), {}, controller.signal);
      });
      const error = failureOf(await replay(directory, (model) => model.ask(asking('go'))));
      expect(error).toMatchObject({ kind: 'not-recorded' });
      expect(error.message).toContain('was cancelled');
    });
  });
});

describe('a replay that is asked for what was not recorded', () => {
  const recorded = asking('Fix the file a.ts, please.', { options: { temperature: 0.5, tags: ['x'] } });

  it.each<[string, Parameters<typeof asking>, string]>([
    [
      'in a message',
      ['Fix the file b.ts, please.', { options: recorded.options }],
      'messages[0].content, character 13: recorded "a.ts, please.", asked "b.ts, please."',
    ],
    [
      'in its length',
      ['Fix the file a.ts, please. Now!', { options: recorded.options }],
      'messages[0].content, character 26: recorded its end, asked " Now!"',
    ],
    [
      'in an option',
      ['Fix the file a.ts, please.', { options: { temperature: 1, tags: ['x'] } }],
      'temperature: recorded 0.5, asked 1',
    ],
    [
      'in an option that is gone',
      ['Fix the file a.ts, please.', { options: { tags: ['x'] } }],
      'temperature: recorded 0.5, asked without it',
    ],
    [
      'in a list',
      ['Fix the file a.ts, please.', { options: { temperature: 0.5, tags: ['x', 'y'] } }],
      'tags: recorded 1 entry, asked 2 entries',
    ],
  ])('says where the request differs: %s', async (_where, [text, more], difference) => {
    await inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], (model) => model.ask(recorded, { turn: 2 }));
      const error = failureOf(await replay(directory, (model) => model.ask(asking(text, more), { turn: 2 })));
      expect(error).toMatchObject({ kind: 'not-recorded', retryable: false });
      expect(error.message).toBe(
        `scripted: session s, turn 3: the recording ${directory} has no such request; the one of that turn differs first at ${difference}`,
      );
    });
  });

  it('compares with what begins most alike when the session has nothing of that turn', async () => {
    await inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], async (model) => {
        await model.ask(asking('quite something else'), { sessionId: 'a' });
        await model.ask(asking('Fix the file'), { sessionId: 'b', turn: 4 });
      });
      const ask = (model: TapedModel): Promise<ModelEvent[]> =>
        model.ask(asking('Fix the fire'), { sessionId: 'c' });
      expect(failureOf(await replay(directory, ask)).message).toContain(
        'the nearest, of session b, turn 5, differs first at messages[0].content, character 10: recorded "le", asked "re"',
      );
    });
  });

  it('says so where nothing at all was recorded of the session’s provider', async () => {
    await inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], (model) => model.ask(asking('go')));
      for (const file of exchangesIn(directory)) renameSync(join(directory, file), join(directory, 'away'));
      const error = failureOf(await replay(directory, (model) => model.ask(asking('go'))));
      expect(error.message).toContain('no request to scripted at all (the recording is incomplete)');
    });
  });

  it('names a file that is damaged', async () => {
    await inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], (model) => model.ask(asking('go')));
      const [file = ''] = exchangesIn(directory);
      for (const text of ['{"version":1,', '{"version":2}']) {
        writeFileSync(join(directory, file), text);
        const error = failureOf(await replay(directory, (model) => model.ask(asking('go'))));
        expect(error).toMatchObject({ kind: 'not-recorded' });
        expect(error.message).toContain(`${file} of the recording ${directory} is not what was written`);
      }
    });
  });
});

describe('a recording', () => {
  it.each([
    ['at once', 1],
    ['in a few pieces', 4],
    ['letter by letter', 60],
  ])('has no credential in it, wherever one was said: %s', async (_how, chunks) => {
    await inDirectory(async (directory) => {
      const rules: ScriptedRule[] = [
        { match: { user: '^echo' }, fault: { echoKey: true } },
        { answer: { text: `the key is ${KEY}, you know`, reasoning: `(${KEY})`, chunks } },
      ];
      const ask = async (model: TapedModel): Promise<ModelEvent[][]> => [
        await model.ask(asking('echo')),
        await model.ask(asking(`is ${KEY} my key?`), { turn: 1 }),
      ];
      const recorded = await record(directory, rules, ask);
      const texts = textsIn(directory);
      expect([...texts].filter(([, text]) => text.includes(KEY) || /authorization/i.test(text))).toEqual([]);
      const said = exchangesIn(directory).map((file) => saidIn(texts.get(file) ?? ''));
      expect(said).toEqual(['', 'the key is [redacted], you know']);
      // The one who replays may know no key at all.
      expect((await replay(directory, ask)).map(joined)).toEqual(recorded.map(joined));
    });
  });

  it('has not half of a credential in it where an answer was cut', async () => {
    await inDirectory(async (directory) => {
      const rules: ScriptedRule[] = [
        { answer: { text: `the key is ${KEY.slice(0, -2)}`, chunks: 30 }, fault: { noFinish: true } },
      ];
      const ask = (model: TapedModel): Promise<ModelEvent[]> => model.ask(asking('go'));
      const recorded = await record(directory, rules, ask);
      expect(textOf(recorded)).toBe('the key is ');
      const [file = ''] = exchangesIn(directory);
      expect(saidIn(textsIn(directory).get(file) ?? '')).toBe('the key is ');
      expect(joined(await replay(directory, ask))).toEqual(joined(recorded));
    });
  });

  it('goes on for the same run only', async () => {
    await inDirectory(async (directory) => {
      const ask = (turn: number) => (model: TapedModel) => model.ask(asking('go'), { turn });
      await record(directory, [{ answer: { text: 'first' } }], ask(0), { run: 'mine' });
      await record(directory, [{ answer: { text: 'second' } }], ask(1), { run: 'mine' });
      for (const run of ['other', undefined]) {
        const again = record(directory, [], ask(2), run === undefined ? {} : { run });
        await expect(again).rejects.toMatchObject({ code: 'recording_exists', directory });
      }
      const both = (model: TapedModel) => Promise.all([1, 0].map((turn) => ask(turn)(model)));
      expect((await replay(directory, both)).map(textOf)).toEqual(['second', 'first']);
    });
  });

  it('that nothing was recorded in leaves no trace', async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, 'deep', 'down');
      await record(directory, [], () => Promise.resolve());
      expect(readdirSync(join(parent, 'deep'))).toEqual([]);
    });
  });

  it('is not begun among other files', async () => {
    await inDirectory(async (directory) => {
      writeFileSync(join(directory, 'notes.txt'), 'mine');
      const recorded = record(directory, [], () => Promise.resolve());
      await expect(recorded).rejects.toMatchObject({
        code: 'recording_exists',
        message: expect.stringContaining('it is not empty and is no recording'),
      });
      expect([...textsIn(directory)]).toEqual([['notes.txt', 'mine']]);
    });
  });

  it.each(['/proc/nowhere', '/dev/null/x'])('is not begun where nothing can be made: %s', async (place) => {
    const recorded = record(place, [], () => Promise.resolve());
    await expect(recorded).rejects.toMatchObject({ code: 'recording_unwritable', directory: place });
  });
});

describe('what is to be replayed', () => {
  const recorded = (use: (directory: string) => void): Promise<void> =>
    inDirectory(async (directory) => {
      await record(directory, [{ answer: ANSWER }], (model) => model.ask(asking('go')));
      use(directory);
    });

  it.each<[string, string, (directory: string) => void]>([
    ['is no recording', 'recording_missing', (directory) => rmSync(join(directory, 'recording.json'))],
    [
      'is damaged at its head',
      'recording_damaged',
      (directory) => writeFileSync(join(directory, 'recording.json'), '{"format":'),
    ],
    [
      'is damaged in a part',
      'recording_damaged',
      (directory) => writeFileSync(join(directory, 'part-1', 'part.json'), '{}'),
    ],
    [
      'lacks the head of a part',
      'recording_damaged',
      (directory) => rmSync(join(directory, 'part-1', 'part.json')),
    ],
    [
      'was made by a newer skein',
      'recording_newer',
      (directory) =>
        writeFileSync(join(directory, 'recording.json'), '{"format":"skein-recording","version":2,"what":1}'),
    ],
  ])('is refused where it %s', async (_what, code, spoil) => {
    await recorded((directory) => {
      spoil(directory);
      expect(() => readRecording(directory)).toThrow(expect.objectContaining({ code, directory }));
    });
  });

  it('is refused where it is not there', () => {
    expect(() => readRecording('/nowhere/at-all')).toThrow(
      expect.objectContaining({ code: 'recording_missing', directory: '/nowhere/at-all' }),
    );
  });

  it('goes by the name that the provider had', async () => {
    await recorded((directory) => {
      expect(() => replayProvider('other', { replay: directory })).toThrow(
        `the recording ${directory} has no provider other; it has scripted`,
      );
    });
  });

  it('is incomplete where its process was killed, or exchanges are gone', async () => {
    await recorded((directory) => {
      expect(readRecording(directory)).toMatchObject({ exchanges: 1, complete: true });
      const file = join(directory, 'part-1', 'part.json');
      const whole = readFileSync(file, 'utf8');
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(whole) as object), end: null }));
      expect(readRecording(directory).complete).toBe(false);
      writeFileSync(file, whole);
      for (const exchange of exchangesIn(directory)) rmSync(join(directory, exchange));
      expect(readRecording(directory)).toMatchObject({ exchanges: 0, complete: false });
    });
  });
});

/** What the answer of an exchange says, as text. */
function saidIn(exchange: string): string {
  const { answer } = JSON.parse(exchange) as { answer: { reads: [number, string][] } };
  const body = answer.reads.map(([, text]) => text).join('');
  return [...body.matchAll(/^data: (\{.*\})$/gm)]
    .map(([, json = '']) => {
      const { choices } = JSON.parse(json) as { choices?: { delta?: { content?: string } }[] };
      return choices?.[0]?.delta?.content ?? '';
    })
    .join('');
}

function textOf(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}

/** Pieces of text that follow each other as one; errors by what a caller sees of them. */
function joined(events: readonly ModelEvent[]): object[] {
  const all: Record<string, unknown>[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if ('text' in event && last?.['type'] === event.type) last['text'] += event.text;
    else if (event.type === 'failed') {
      const { kind, message, status, retryable } = event.error;
      all.push({ type: 'failed', kind, message, status, retryable });
    } else if (event.type !== 'began') all.push({ ...event });
  }
  return all;
}

function rewrite(directory: string, file: string, change: (exchange: Record<string, unknown>) => void): void {
  const exchange = JSON.parse(textsIn(directory).get(file) ?? '') as Record<string, unknown>;
  change(exchange);
  writeFileSync(join(directory, file), JSON.stringify(exchange));
}

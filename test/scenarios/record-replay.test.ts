import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../src/batch/job.ts';
import { planItems } from '../../src/batch/plan.ts';
import { runBatch } from '../../src/batch/run-batch.ts';
import { readRecording } from '../../src/model/recording/read-recording.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { SessionEvent } from '../../src/pool/events.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { withHastyGate } from './hasty-gate.ts';
import { normalForm } from './normal-form.ts';
import { collect, onStage, turns } from './support.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-recording-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const FILES = Object.fromEntries(
  Array.from({ length: 50 }, (_, i) => [`f${String(i).padStart(2, '0')}.ts`, `const f = ${i};\nuse(f);\n`]),
);
const image = baseImage.fromFiles(FILES);
const job: Job = {
  name: 'lets',
  prompt: 'Fix {{path}}',
  each: { kind: 'files', globs: ['*.ts'] },
  system: 'Be brief.',
};

/** Reads, thinks, edits and says so; some are refused first, some are cut, some fail. */
const RULES: ScriptedRule[] = [
  { match: { user: 'f.3', turn: 0 }, times: 4, fault: { status: 429, retryAfter: 0.02 } },
  { match: { user: 'f.4', turn: 1 }, times: 2, fault: { status: 429 } },
  {
    match: { user: 'f.5', turn: 0 },
    times: 1,
    answer: { calls: [{ name: 'read' }] },
    fault: { cutAtByte: 40 },
  },
  { match: { user: 'f06' }, answer: { text: 'As I was' }, fault: { noFinish: true } },
  { match: { user: 'f07' }, fault: { status: 400, body: { error: { message: 'no such thing' } } } },
  { match: { user: 'f.8', turn: 0 }, answer: { calls: [{ name: 'nonsense', arguments: '{"a":' }] } },
  {
    match: { turn: 0, user: '^Fix (?<path>\\S+)$' },
    answer: {
      reasoning: 'I should look',
      text: 'Looking at {{path}}.',
      calls: [{ name: 'read', arguments: { path: '{{path}}' } }],
    },
  },
  { match: { tool: 'read' }, rewrite: { pattern: 'const', replacement: 'let' }, otherwise: 'Nothing.' },
  { answer: { text: 'It is dône now. 🎉', usage: { input: 11, output: 5 } } },
];

/** All that happens in a batch over the image, by session. */
async function batch(pool: SessionPool, model: string): Promise<Record<string, object[]>> {
  const events = new Map<string, SessionEvent[]>();
  await runBatch({
    pool,
    job: { ...job, model },
    image,
    items: planItems(job, image, 'job.yaml'),
    concurrency: 12,
    onEvent: (event) => {
      if (event.type !== 'item-event') return;
      events.set(event.item.id, [...(events.get(event.item.id) ?? []), event.event]);
    },
  });
  return Object.fromEntries([...events].sort(byName).map(([id, all]) => [id, normalForm(all)]));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Opens a pool, uses it and closes it. (Node 20 has no `await using`.) */
async function inPool<Result>(
  options: PoolOptions,
  use: (pool: SessionPool) => Promise<Result>,
): Promise<Result> {
  const pool = await SessionPool.open(options);
  try {
    return await use(pool);
  } finally {
    await pool.close({ deadlineMs: 0 });
  }
}

async function recordBatch(options: PoolOptions = {}): Promise<Record<string, object[]>> {
  const server = await startScriptedModel({ rules: RULES });
  const providers = { scripted: { baseURL: server.baseURL, apiKey: 'sk-test-0123456789' } };
  const pool = await SessionPool.over(withHastyGate({ ...options, providers, record: directory }));
  try {
    return await batch(pool, 'scripted:any');
  } finally {
    await pool.close({ deadlineMs: 0 });
    await server.close();
  }
}

describe('a batch of 50 sessions that was recorded', () => {
  it('is replayed to the same events and the same files, time and again, with nobody to ask', async () => {
    const recorded = await recordBatch({ models: { threads: 3 } });
    const told = JSON.stringify(recorded);
    expect(Object.keys(recorded)).toHaveLength(50);
    for (const word of ['rate-limited', 'connect', 'invalid-request', 'let f = 0;', 'I should look']) {
      expect(told).toContain(word);
    }
    const { models, providers, complete } = readRecording(directory);
    expect({ models, complete }).toEqual({ models: ['scripted:any'], complete: true });
    const before = textsIn(directory);
    for (const options of [{ models: { threads: 3 } }, { isolation: 'process' } as const]) {
      const replayed = await inPool({ ...options, providers }, (pool) => batch(pool, models[0]!));
      expect(replayed).toEqual(recorded);
      expect(JSON.stringify(replayed)).toBe(told);
    }
    expect(textsIn(directory)).toEqual(before);
  });
});

describe('a session that is recorded', () => {
  it('goes on when its exchanges cannot be written, which is said once and known of the recording', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const spoil = {
      name: 'spoil',
      description: 'Spoils the recording.',
      parameters: { type: 'object' },
      execute: () => {
        const part = join(directory, 'part-1');
        const head = readFileSync(join(part, 'part.json'));
        rmSync(part, { recursive: true });
        // A file where the directory was; then the head is put back.
        writeFileSync(part, '');
        restore = () => {
          rmSync(part);
          mkdirSync(part);
          writeFileSync(join(part, 'part.json'), head);
        };
        return 'done';
      },
    };
    let restore = (): void => undefined;
    const rules = turns({ calls: [{ name: 'spoil', arguments: {} }] }, { text: 'fine' });
    await onStage([...rules, { answer: { text: 'and fine' } }], { record: directory }, async (stage) => {
      const session = await stage.start({ tools: [spoil] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', reply: 'fine' });
      expect(await session.prompt('go on')).toMatchObject({ stopReason: 'end' });
      restore();
    });
    const said = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();
    expect(said).toEqual([expect.stringContaining(`The recording in ${directory} is incomplete`)]);
    expect(readRecording(directory)).toMatchObject({ exchanges: 0, complete: false });
  });

  it('has all its exchanges kept, one by one, whichever threads they went through', async () => {
    const rules: ScriptedRule[] = [{ answer: { text: 'you said {{user}}' } }];
    await onStage(rules, { record: directory, models: { threads: 4 } }, async (stage) => {
      const sessions = await Promise.all(Array.from({ length: 40 }, () => stage.start()));
      await Promise.all(sessions.map((session, i) => session.prompt(`number ${i}`)));
    });
    expect(readRecording(directory)).toMatchObject({ exchanges: 40, complete: true });
    const numbers = readdirSync(join(directory, 'part-1')).flatMap((file) => /^\d{6}/.exec(file) ?? []);
    expect(numbers.sort()).toEqual(Array.from({ length: 40 }, (_, i) => String(i + 1).padStart(6, '0')));
  });

  it('under no id of its own is replayed to any session that asks the same', async () => {
    const rules = turns({ calls: [{ name: 'list', arguments: {} }] }, { text: 'that is all' });
    const ask = async (pool: SessionPool): Promise<object[]> => {
      const session = await pool.start({ model: 'scripted:any' });
      const events = normalForm(await collect(session.stream('what is there?')));
      return JSON.parse(JSON.stringify(events).replaceAll(session.id, 'ID')) as object[];
    };
    const recorded = await onStage(rules, { record: directory }, ({ pool }) => ask(pool));
    const { providers } = readRecording(directory);
    expect(await inPool({ providers }, ask)).toEqual(recorded);
  });
});

describe('a pool', () => {
  it('does not record what it replays', async () => {
    const providers = { mine: { replay: directory } };
    await expect(SessionPool.open({ providers, record: directory })).rejects.toMatchObject({
      code: 'invalid_option',
      option: 'record',
      message: expect.stringContaining('provider mine is replayed'),
    });
  });

  it('refuses a recording that another run has made, and keeps no hold of what it opened', async () => {
    await onStage([{ answer: { text: 'fine' } }], { record: directory }, async (stage) => {
      await (await stage.start()).prompt('go');
    });
    const before = textsIn(directory);
    await expect(SessionPool.open({ record: directory })).rejects.toMatchObject({ code: 'recording_exists' });
    expect(textsIn(directory)).toEqual(before);
  });

  it.each<[string, PoolOptions['providers'], string]>([
    ['with an address beside it', { x: { replay: '/r', baseURL: 'http://x' } }, 'providers.x.baseURL'],
    ['that is empty', { x: { replay: '' } }, 'providers.x.replay'],
  ])('refuses a replay %s', async (_what, providers, option) => {
    const start = async (): Promise<unknown> =>
      inPool({ providers: providers ?? {} }, (pool) => pool.start({ model: 'x:any' }));
    await expect(start()).rejects.toMatchObject({ code: 'invalid_option', option });
  });

  it('says of a replay that is not there which directory was meant', async () => {
    const providers = { x: { replay: join(directory, 'nothing') } };
    await expect(inPool({ providers }, (pool) => pool.start({ model: 'x:any' }))).rejects.toMatchObject({
      code: 'recording_missing',
      directory: join(directory, 'nothing'),
    });
  });

  it('ends a prompt that asks what was not recorded, and says where it differs', async () => {
    await onStage([{ answer: { text: 'fine' } }], { record: directory }, async (stage) => {
      await (await stage.start({ id: 'one' })).prompt('go left');
    });
    await inPool({ providers: readRecording(directory).providers }, async (pool) => {
      const session = await pool.start({ id: 'one', model: 'scripted:scripted' });
      const result = await session.prompt('go right');
      expect(result).toMatchObject({
        stopReason: 'model-error',
        error: { kind: 'not-recorded', retryable: false },
      });
      expect(result.error?.message).toMatch(
        /session one, turn 1: .* differs first at messages\[\d\]\.content, character 3: recorded "left", asked "right"/,
      );
    });
  });
});

function textsIn(place: string): Record<string, string> {
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'utf8'),
    ]),
  );
}

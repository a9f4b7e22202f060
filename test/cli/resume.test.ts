import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/journal/open-store.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import { folder, recordsOf, skein, type CliRecord, type CliResult } from './run-cli.ts';

const ITEMS = 12;
const JOB = 'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\nmodel: me:any\nconcurrency: 4\n';
/** Reads the item's file, makes `const` a `let`, is done: three model calls an item. */
const FIX: ScriptedRule[] = [
  {
    match: { turn: 0, user: '^Fix (?<path>\\S+)' },
    answer: { text: 'Reading {{path}}.', calls: [{ name: 'read', arguments: { path: '{{path}}' } }] },
  },
  { match: { tool: 'read' }, rewrite: { pattern: 'const', replacement: 'let' } },
  { answer: { text: 'Done.' } },
];

let here: ReturnType<typeof folder>;
beforeEach(() => {
  const sources = Array.from({ length: ITEMS }, (_, i) => [`src/${i}.ts`, `const a = ${i};\n`] as const);
  here = folder({ ...Object.fromEntries(sources), 'job.yaml': JOB });
});
afterEach(() => here.remove());

/** `skein batch` on a model in this process, whose requests are counted. */
async function withModel<Result>(
  script: ScriptedModelScript | readonly ScriptedRule[],
  use: (model: { batch: Batch; requests: () => number }) => Promise<Result>,
): Promise<Result> {
  const server = await startScriptedModel('rules' in script ? script : { rules: script });
  const batch: Batch = (args, onOutput) =>
    skein(['batch', 'job.yaml', '--provider', `me=${server.baseURL}`, ...args], {
      cwd: here.path,
      ...(onOutput ? { onOutput } : {}),
    });
  try {
    return await use({ batch, requests: () => server.requestCount });
  } finally {
    await server.close();
  }
}
type Batch = (
  args: readonly string[],
  onOutput?: (output: { stdout: string }, child: ChildProcess) => void,
) => Promise<CliResult>;

/** Sends a signal as soon as so many items have ended. */
function after(
  ended: number,
  signal: NodeJS.Signals,
): (output: { stdout: string }, child: ChildProcess) => void {
  let isSent = false;
  return ({ stdout }, child) => {
    if (isSent || stdout.split('"type":"session.ended"').length <= ended) return;
    isSent = true;
    child.kill(signal);
  };
}

const file = (path: string): string => readFileSync(join(here.path, path), 'utf8');
const last = (result: CliResult): CliRecord => recordsOf(result).at(-1)!;

/** Everything in an output directory that a person would look at, without times and its own name. */
function resultsIn(out: string): unknown {
  const patches = readdirSync(join(here.path, out, 'patches')).sort();
  const report = JSON.parse(file(`${out}/report.json`), (key, value: unknown) =>
    ['startedAt', 'durationMs', 'applyCommand'].includes(key) ? undefined : value,
  ) as unknown;
  return {
    report,
    merged: file(`${out}/merged.patch`),
    patches: patches.map((name) => [name, file(`${out}/patches/${name}`)]),
  };
}

/** Model responses that a killed batch had journalled. */
async function answeredIn(out: string): Promise<number> {
  const store = await openStore(`sqlite:${join(here.path, out, 'journal.db')}`, { readOnly: true });
  try {
    const entries = store.sessions().flatMap(({ sessionId }) => store.read(sessionId));
    return entries.filter(({ type }) => type === 'model-responded').length;
  } finally {
    await store.close();
  }
}

/** The records of a run that was cut off, its last line left out if need be. */
function endedIn({ stdout }: CliResult): CliRecord[] {
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as CliRecord).filter(({ type }) => type === 'session.ended');
}

describe('a batch that was killed', () => {
  it.each([1, 7])(
    'after %i items comes to the same as one that was not, and no answered model call is made again',
    async (killAfter) => {
      await withModel(FIX, async ({ batch, requests }) => {
        await batch(['--out', '.skein/whole']);
        const callsOfAll = requests();
        const killed = await batch(['--out', '.skein/out'], after(killAfter, 'SIGKILL'));
        expect(killed.exitCode).toBe(null);
        const answered = await answeredIn('.skein/out');
        // What was sent before the kill has arrived by then.
        await sleep(100);
        const requestsBefore = requests();
        // The files that it is about are those of its first run.
        for (let i = 0; i < ITEMS; i++) writeFileSync(join(here.path, `src/${i}.ts`), 'changed\n');

        const resumed = await batch(['--resume', '.skein/out']);
        expect(resumed.stderr).toBe('');
        expect(last(resumed)).toMatchObject({ exit: 0, totals: { items: ITEMS, done: ITEMS }, resume: null });
        expect(resultsIn('.skein/out')).toEqual(resultsIn('.skein/whole'));
        expect(requests() - requestsBefore).toBe(callsOfAll - answered);

        const doneBefore = endedIn(killed).map(({ item }) => item);
        expect(doneBefore.length).toBeGreaterThanOrEqual(killAfter);
        const taken = endedIn(resumed).filter((record) => record['resumed'] === true);
        expect(taken.map(({ item }) => item)).toEqual(expect.arrayContaining(doneBefore));
      });
    },
  );
});

describe('a batch that is done', () => {
  it('is resumed without a model call, and its report is the same', async () => {
    await withModel(FIX, async ({ batch, requests }) => {
      await batch(['--out', '.skein/out']);
      const callsOfAll = requests();
      const results = resultsIn('.skein/out');
      const again = await batch(['--resume', '.skein/out']);
      expect(requests()).toBe(callsOfAll);
      expect(recordsOf(again)[0]).toMatchObject({ type: 'batch.started', resumed: true, done: ITEMS });
      expect(last(again)).toMatchObject({ exit: 0, resume: null });
      expect(endedIn(again).every((record) => record['resumed'] === true)).toBe(true);
      expect(resultsIn('.skein/out')).toEqual(results);
    });
  });

  it('writes the files when that is asked for later', async () => {
    await withModel(FIX, async ({ batch }) => {
      await batch(['--out', '.skein/out']);
      expect(last(await batch(['--resume', '.skein/out', '--write']))).toMatchObject({ applied: true });
      expect(file('src/3.ts')).toBe('let a = 3;\n');
    });
  });
});

describe('a batch with items that failed', () => {
  it('runs those again, each in a new session, and no other', async () => {
    await withModel([{ match: { user: '/3.ts' }, fault: { status: 400 } }, ...FIX], async ({ batch }) => {
      const first = await batch(['--out', '.skein/out']);
      expect(last(first)).toMatchObject({ exit: 1, totals: { done: ITEMS - 1, failed: 1 } });
      expect(last(first)['resume']).toContain('skein batch job.yaml --resume .skein/out --provider me=');
    });
    await withModel(FIX, async ({ batch, requests }) => {
      const second = await batch(['--resume', '.skein/out']);
      expect(requests()).toBe(3);
      expect(last(second)).toMatchObject({ exit: 0, totals: { done: ITEMS } });
      const started = recordsOf(second).filter(({ type, resumed }) => type === 'session.started' && !resumed);
      expect(started).toMatchObject([{ item: 'src/3.ts', attempt: 2 }]);
    });
  });
});

describe('a batch that was interrupted', () => {
  it('goes on with what was cancelled or had not begun', async () => {
    const hold: ScriptedRule[] = [{ match: { user: '/3.ts' }, fault: { stall: 0 } }, ...FIX];
    await withModel(hold, async ({ batch }) => {
      const first = await batch(['--out', '.skein/out', '-c', '1'], after(2, 'SIGINT'));
      expect(last(first)).toMatchObject({ exit: 130, interrupted: true });
    });
    await withModel(FIX, async ({ batch }) => {
      const second = await batch(['--resume', '.skein/out']);
      expect(last(second)).toMatchObject({ exit: 0, interrupted: false, totals: { done: ITEMS } });
    });
  });
});

describe('a batch with a limit', () => {
  it('keeps to it when it is resumed, until another is given', async () => {
    await withModel(FIX, async ({ batch, requests }) => {
      await batch(['--out', '.skein/out', '--limit', '2']);
      expect(last(await batch(['--resume', '.skein/out']))).toMatchObject({ totals: { items: 2, done: 2 } });
      const third = await batch(['--resume', '.skein/out', '--limit', '5']);
      expect(last(third)).toMatchObject({ totals: { items: 5, done: 5 } });
      expect(requests()).toBe(5 * 3);
    });
  });
});

describe('a batch that is continued with a lower concurrency', () => {
  it('goes on with what was cut off one after the other, and tells all of it', async () => {
    const hold: ScriptedRule[] = [{ match: { tool: 'read' }, fault: { stall: 0 } }, ...FIX];
    await withModel(hold, async ({ batch }) => {
      let isSent = false;
      await batch(['--out', '.skein/out', '-c', '4'], ({ stdout }, child) => {
        if (isSent || stdout.split('"tool.ended"').length <= 4) return;
        isSent = true;
        child.kill('SIGKILL');
      });
    });
    await withModel(FIX, async ({ batch }) => {
      const records = recordsOf(await batch(['--resume', '.skein/out', '-c', '1', '--limit', '4']));
      const told = records.map(({ type, item, name }) => [type, item, ...(name === 'edit' ? [name] : [])]);
      const items = ['src/0.ts', 'src/1.ts', 'src/10.ts', 'src/11.ts'];
      expect(told.slice(1, -1)).toEqual(
        items.flatMap((item) => [
          ['session.started', item],
          ['tool.ended', item, 'edit'],
          ['turn.ended', item],
          ['turn.ended', item],
          ['session.ended', item],
        ]),
      );
    });
  });
});

describe('a batch that is continued with a lower limit', () => {
  it('leaves what is over it as it is', async () => {
    const hold: ScriptedRule[] = [{ match: { user: '/1.ts', tool: 'read' }, fault: { stall: 0 } }, ...FIX];
    await withModel(hold, async ({ batch }) => {
      let isSent = false;
      await batch(['--out', '.skein/out', '-c', '1'], ({ stdout }, child) => {
        if (isSent || !stdout.includes('"tool.ended","item":"src/1.ts"')) return;
        isSent = true;
        child.kill('SIGKILL');
      });
    });
    await withModel(FIX, async ({ batch, requests }) => {
      const first = await batch(['--resume', '.skein/out', '--limit', '1']);
      expect(last(first)).toMatchObject({ exit: 0, totals: { items: 1, done: 1 } });
      expect(requests()).toBe(0);
      await batch(['--resume', '.skein/out', '--limit', '2']);
      expect(requests()).toBe(2);
    });
  });
});

describe('a batch whose job file has changed', () => {
  const changed = JOB.replace('Fix {{path}}', 'Mend {{path}}').replace('concurrency: 4', 'concurrency: 2');

  it('is refused, naming each key with what it was and is', async () => {
    await withModel(FIX, async ({ batch, requests }) => {
      await batch(['--out', '.skein/out', '--limit', '2']);
      const before = requests();
      writeFileSync(join(here.path, 'job.yaml'), changed);
      const refused = await batch(['--resume', '.skein/out', '--limit', '3']);
      expect(refused.stderr).toMatch(/^skein: .* \[job_changed\]\n$/);
      expect(refused.stderr).toContain('prompt: "Fix {{path}}" → "Mend {{path}}"; concurrency: 4 → 2.');
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(requests()).toBe(before);
    });
  });

  it('runs what is not done by the new one with --force, and keeps what is', async () => {
    const both = [{ match: { user: '^Mend' }, answer: { text: 'Mended.' } }, ...FIX];
    await withModel(both, async ({ batch }) => {
      await batch(['--out', '.skein/out', '--limit', '2']);
      writeFileSync(join(here.path, 'job.yaml'), changed);
      const forced = await batch(['--resume', '.skein/out', '--limit', '3', '--force']);
      expect(endedIn(forced).map(({ item, reply }) => [item, reply])).toEqual([
        ['src/0.ts', 'Done.'],
        ['src/1.ts', 'Done.'],
        ['src/10.ts', 'Mended.'],
      ]);
      expect(last(await batch(['--resume', '.skein/out']))).toMatchObject({ exit: 0 });
    });
  });
});

describe('a batch that is continued with a limit below what is done', () => {
  it('keeps what is done in its merged patch', async () => {
    await withModel(FIX, async ({ batch, requests }) => {
      await batch(['--out', '.skein/out', '--limit', '3']);
      const results = resultsIn('.skein/out');
      const again = await batch(['--resume', '.skein/out', '--limit', '1']);
      expect(last(again)).toMatchObject({ exit: 0, totals: { items: 3, done: 3, files: 3 } });
      expect([resultsIn('.skein/out'), requests()]).toEqual([results, 9]);
    });
  });
});

describe('a batch that is continued with another model', () => {
  it('is refused, naming the option and not the job file', async () => {
    await withModel(FIX, async ({ batch }) => {
      await batch(['--out', '.skein/out', '--limit', '1']);
      const refused = await batch(['--resume', '.skein/out', '--model', 'me:other', '--limit', '2']);
      expect(refused.stderr).toMatch(
        /^skein: Option --model me:other: .* started with me:any\..* \[job_changed\]\n$/,
      );
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    });
  });
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Usage } from '../../src/model/model.ts';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { folder, recordsOf, skein, type CliRecord, type CliResult } from './run-cli.ts';

const NAMES = ['one', 'two', 'three'];
/** Each reads the list, puts its name before the end, and is done: three model calls an attempt. */
const ADD: ScriptedRule[] = [
  {
    match: { turn: 0, user: '^Add' },
    answer: { calls: [{ name: 'read', arguments: { path: 'list.txt' } }] },
  },
  ...NAMES.map((name): ScriptedRule => ({
    match: { user: `^Add ${name}$`, tool: 'read' },
    rewrite: { pattern: 'end', replacement: `${name} end` },
  })),
  {
    match: { turn: 0, user: '^Write' },
    answer: { calls: [{ name: 'write', arguments: { path: 'four', content: '4\n' } }] },
  },
  { answer: { text: 'Done.' } },
];
const JOB = `name: list
prompt: '{{what}}'
model: me:any
each: { rows: [${[...NAMES.map((name) => `Add ${name}`), 'Write four'].map((what) => `{ id: ${what.split(' ')[1]!}, what: ${what} }`).join(', ')}] }
`;

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({ 'src/list.txt': 'begin\nend\n', 'job.yaml': JOB });
});
afterEach(() => here.remove());

type Batch = (
  args: readonly string[],
  onOutput?: (output: { stdout: string }, child: ChildProcess) => void,
) => Promise<CliResult>;

async function withModel<Result>(
  rules: readonly ScriptedRule[],
  use: (model: { batch: Batch; requests: () => number }) => Promise<Result>,
): Promise<Result> {
  const server = await startScriptedModel({ rules: [...rules] });
  const batch: Batch = (args, onOutput) =>
    skein(['batch', 'job.yaml', '--dir', 'src', '--provider', `me=${server.baseURL}`, ...args], {
      cwd: here.path,
      ...(onOutput ? { onOutput } : {}),
    });
  try {
    return await use({ batch, requests: () => server.requestCount });
  } finally {
    await server.close();
  }
}

const file = (path: string): string => readFileSync(join(here.path, path), 'utf8');
const last = (result: CliResult): CliRecord => recordsOf(result).at(-1)!;

/** What the merged patch makes of the list. */
function merged(out: string): string {
  const copy = folder({ 'list.txt': 'begin\nend\n' });
  try {
    execFileSync('git', ['apply', join(here.path, out, 'merged.patch')], { cwd: copy.path });
    return readFileSync(join(copy.path, 'list.txt'), 'utf8');
  } finally {
    copy.remove();
  }
}

function resultsIn(out: string): unknown {
  const report = JSON.parse(file(`${out}/report.json`), (key, value: unknown) =>
    ['startedAt', 'durationMs', 'applyCommand'].includes(key) ? undefined : value,
  ) as unknown;
  const patches = readdirSync(join(here.path, out, 'patches')).sort();
  return {
    report,
    patches: patches.map((name) => [name, file(`${out}/patches/${name}`)]),
    merged: file(`${out}/merged.patch`),
  };
}

/** Sends a signal once, when the output has this. */
function at(text: string, signal: NodeJS.Signals): (output: { stdout: string }, child: ChildProcess) => void {
  let isSent = false;
  return ({ stdout }, child) => {
    if (isSent || !stdout.includes(text)) return;
    isSent = true;
    child.kill(signal);
  };
}

describe('skein batch --rerun-conflicts', () => {
  it('runs the losers, and only those, again on the winners’ files until all go together', async () => {
    await withModel(ADD, async ({ batch }) => {
      const result = await batch(['--out', 'out', '--rerun-conflicts', '--write']);
      expect(last(result)).toMatchObject({ exit: 0, rounds: 3, conflicts: [], applied: true, resume: null });
      expect([file('src/list.txt'), file('src/four')]).toEqual(['begin\none two three end\n', '4\n']);
      const started = recordsOf(result).filter(({ type }) => /(?:session|round).started/.test(type));
      expect(
        started.map(({ type, item, round }) => [type, item, round].filter(Boolean).join(' ')).sort(),
      ).toEqual([
        'round.started 2',
        'round.started 3',
        'session.started four',
        'session.started one',
        'session.started three',
        'session.started three 2',
        'session.started three 3',
        'session.started two',
        'session.started two 2',
      ]);
    });
  });

  it('counts what all attempts have cost, and says which round a patch is of', async () => {
    await withModel(ADD, async ({ batch, requests }) => {
      const result = await batch(['--out', 'out', '--rerun-conflicts']);
      const ended = recordsOf(result).filter(({ type }) => type === 'session.ended');
      // Each session tells its own: together they are what the batch has cost.
      const turns = ended.map(
        (record) => `${String(record['item'])} ${String(record['round'])}: ${String(record['turns'])}`,
      );
      expect(turns.sort()).toEqual([
        'four 1: 2',
        'one 1: 3',
        'three 1: 3',
        'three 2: 3',
        'three 3: 3',
        'two 1: 3',
        'two 2: 3',
      ]);
      const tokens = ended.map(({ usage }) => (usage as Usage).totalTokens);
      expect(last(result)).toMatchObject({
        totals: { turns: requests(), usage: { totalTokens: tokens.reduce((sum, count) => sum + count, 0) } },
      });
      const report = JSON.parse(file('out/report.json')) as Record<string, unknown>;
      expect(report).toMatchObject({
        rounds: 3,
        totals: { items: 4, done: 4, turns: requests() },
        items: [
          { id: 'one', round: 1, turns: 3 },
          { id: 'two', round: 2, turns: 6 },
          { id: 'three', round: 3, turns: 9 },
          { id: 'four', round: 1, turns: 2 },
        ],
      });
      expect(file('out/patches/0003-three.patch')).toContain('-one two end\n+one two three end\n');
      expect(merged('out')).toBe('begin\none two three end\n');
    });
  });

  it('stops after the rounds that it is given, and names what is still in conflict', async () => {
    await withModel(ADD, async ({ batch }) => {
      const result = await batch(['--out', 'out', '--rerun-conflicts', '1']);
      expect(last(result)).toMatchObject({
        exit: 1,
        rounds: 2,
        conflicts: [
          {
            path: 'list.txt',
            itemIds: ['two', 'three'],
            hunks: [
              {
                baseLine: 2,
                base: ['one end'],
                sides: [{ lines: ['one two end'] }, { lines: ['one three end'] }],
              },
            ],
          },
        ],
      });
      expect(merged('out')).toBe('begin\none end\n');
      const more = await batch(['--resume', 'out', '--rerun-conflicts', '2']);
      expect(last(more)).toMatchObject({ exit: 0, rounds: 3, conflicts: [] });
      expect(merged('out')).toBe('begin\none two three end\n');
    });
  });

  it('without it, conflicts are reported, and the batch can be gone on with that way', async () => {
    await withModel(ADD, async ({ batch, requests }) => {
      const first = await batch(['--out', 'out']);
      expect(last(first)).toMatchObject({ exit: 1, rounds: 1, conflicts: [{ itemIds: NAMES }] });
      const before = requests();
      const second = await batch(['--resume', 'out', '--rerun-conflicts']);
      expect(last(second)).toMatchObject({ exit: 0, rounds: 3, conflicts: [] });
      expect(requests() - before).toBe(9);
      // And told again, with no call at all.
      const results = resultsIn('out');
      const third = await batch(['--resume', 'out']);
      expect(last(third)).toMatchObject({ exit: 0, rounds: 3 });
      expect([requests() - before, resultsIn('out')]).toEqual([9, results]);
    });
  });

  it.each([
    ['as its second round begins', '"round":2'],
    ['in the middle of its second round', '"type":"turn.ended","item":"two"'],
    ['as its last round begins', '"type":"round.started","round":3'],
  ])('that is killed %s comes to the same when it is resumed', async (_, text) => {
    await withModel(ADD, async ({ batch, requests }) => {
      await batch(['--out', 'whole', '--rerun-conflicts', '-c', '1']);
      const calls = requests();
      const killed = await batch(['--out', 'out', '--rerun-conflicts', '-c', '1'], (output, child) => {
        const [, rest] = output.stdout.split('"type":"round.started","round":2');
        if (rest !== undefined && `"round":2${rest}`.includes(text)) child.kill('SIGKILL');
      });
      expect(killed.exitCode).toBe(null);
      const resumed = await batch(['--resume', 'out', '-c', '1']);
      expect(last(resumed)).toMatchObject({ exit: 0, rounds: 3, conflicts: [] });
      expect(merged('out')).toBe('begin\none two three end\n');
      // One call may have been under way when it was killed.
      expect(requests() - calls).toBeLessThanOrEqual(calls + 1);
      const both = ['whole', 'out'].map((out) => {
        const results = resultsIn(out) as { report: { concurrency: unknown } };
        return { ...results, report: { ...results.report, concurrency: null } };
      });
      expect(both[1]).toEqual(both[0]);
    });
  });

  it('that is interrupted in a round is told so, and goes on when it is resumed', async () => {
    await withModel(ADD, async ({ batch }) => {
      const first = await batch(
        ['--out', 'out', '--rerun-conflicts', '-c', '1', '--write'],
        at('"type":"round.started","round":2', 'SIGINT'),
      );
      expect(last(first)).toMatchObject({ exit: 130, interrupted: true, applied: false });
      expect(last(first)['resume']).toContain('--resume out');
      expect(file('src/list.txt')).toBe('begin\nend\n');
      expect(last(await batch(['--resume', 'out', '--write']))).toMatchObject({
        exit: 0,
        rounds: 3,
        applied: true,
      });
      expect(file('src/list.txt')).toBe('begin\none two three end\n');
    });
  });

  it('leaves an item that fails when it is run again to the next time', async () => {
    writeFileSync(join(here.path, 'job.yaml'), JOB.replace(/, \{ id: three.*\]/, ']'));
    const failing: ScriptedRule[] = [
      { match: { tool: 'read', user: 'Add two' }, fault: { status: 400 } },
      ...ADD,
    ];
    await withModel(ADD, async ({ batch }) => {
      expect(last(await batch(['--out', 'out']))).toMatchObject({
        exit: 1,
        totals: { done: 2, conflicts: 1 },
      });
    });
    await withModel(failing, async ({ batch }) => {
      const failed = await batch(['--resume', 'out', '--rerun-conflicts']);
      expect(last(failed)).toMatchObject({
        exit: 1,
        rounds: 2,
        totals: { done: 1, failed: 1, conflicts: 0 },
      });
      expect(merged('out')).toBe('begin\none end\n');
    });
    await withModel(ADD, async ({ batch }) => {
      expect(last(await batch(['--resume', 'out']))).toMatchObject({
        exit: 0,
        rounds: 2,
        totals: { done: 2 },
      });
      expect(merged('out')).toBe('begin\none two end\n');
      const report = JSON.parse(file('out/report.json')) as { items: unknown };
      // First run 3, failed 1, last 3.
      expect(report.items).toMatchObject([{ turns: 3 }, { turns: 7, round: 2 }]);
    });
  });

  it.each(['0', '-1', 'x', '101', '1.5'])('refuses %s rounds', async (rounds) => {
    const result = await skein(['batch', 'job.yaml', `--rerun-conflicts=${rounds}`], { cwd: here.path });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('Expected a whole number from 1 to 100.');
  });
});

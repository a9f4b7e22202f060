import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { checkHistory } from './chaos/check-history.ts';
import { readHistory, type HistoryLine } from './chaos/history.ts';
import { readJournals } from './chaos/run-chaos.ts';
import { buildHarness, runHarness } from './shared/built-harness.ts';
import { Violations } from './shared/violations.ts';

type Line<Type extends HistoryLine['type']> = Extract<HistoryLine, { type: Type }>;
type Entry<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** A run that may be spoilt: everything in it can be written. */
interface Run {
  history: HistoryLine[];
  journals: Map<string, JournalEntry[]>;
}

const SHORT = [
  '--sessions',
  '16',
  '--faults',
  '40',
  '--rate',
  '10',
  '--storm',
  '5',
  '--seed',
  '3',
  '--untimed',
];
let folder = '';
let output = '';
let good: Run;

beforeAll(async () => {
  await buildHarness('chaos');
  const run = await runHarness('chaos', [...SHORT, '--keep']);
  ({ output } = run);
  folder = /the run is in (\S+)/.exec(output)?.[1] ?? '';
  good = {
    history: readHistory(join(folder, 'history.ndjson')),
    journals: new Map(
      [...(await readJournals(join(folder, 'store.sqlite')))].map(([id, entries]) => [id, [...entries]]),
    ),
  };
}, 60_000);

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

function check({ history, journals }: Run): Violations {
  const violations = new Violations();
  checkHistory(history, journals, violations);
  return violations;
}

function copy(): Run {
  return { history: structuredClone(good.history), journals: structuredClone(good.journals) };
}

/** The first line of that type for which the condition holds. */
function line<Type extends HistoryLine['type']>(
  { history }: Run,
  type: Type,
  holds: (line: Line<Type>) => boolean = () => true,
): Line<Type> {
  const found = history.find((one) => one.type === type && holds(one as Line<Type>));
  if (!found) throw new Error(`the run has no such ${type}`);
  return found as Line<Type>;
}

/** The first entry of that type for which the condition holds, and the journal that it is in. */
function entry<Type extends JournalEntry['type']>(
  { journals }: Run,
  type: Type,
  holds: (entry: Entry<Type>) => boolean = () => true,
): { entry: Entry<Type>; journal: JournalEntry[] } {
  for (const journal of journals.values()) {
    const found = journal.find((one) => one.type === type && holds(one as Entry<Type>));
    if (found) return { entry: found as Entry<Type>, journal };
  }
  throw new Error(`the run has no such ${type}`);
}

function writable<T>(value: T): { -readonly [Key in keyof T]: T[Key] } {
  return value;
}

const ended = (run: Run): Line<'ok'> => line(run, 'ok', ({ stopReason }) => stopReason === 'end');
const withResults = (run: Run) => entry(run, 'step-ended', ({ results }) => results.length > 1);
const withChanges = (run: Run) =>
  entry(run, 'step-ended', ({ changes }) => changes.some(({ bytes }) => bytes));

describe('npm run chaos', () => {
  it('finds nothing lost, nothing doubled, and every file tree as planned', () => {
    expect(check(good).describe()).toBe('');
    expect(output).not.toMatch(/ NO$/m);
  });

  it('refuses a flag that does not exist', async () => {
    expect(await runHarness('chaos', ['--fault', '3'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('did you mean --faults?') as string,
    });
  });
});

describe('the checker of histories', () => {
  it.each<[what: string, kind: string, spoil: (run: Run) => void]>([
    [
      'an acknowledged prompt that is in no journal',
      'lost',
      (run) => {
        const { promptId } = ended(run);
        const { journal } = entry(run, 'prompt-ended', (one) => one.promptId === promptId);
        const first = journal.findIndex((one) => one.type === 'prompt-accepted' && one.promptId === promptId);
        journal.splice(first);
      },
    ],
    [
      'an acknowledged end that was not kept',
      'never ended',
      (run) => void [...run.journals.values()].at(-1)?.splice(-2),
    ],
    [
      'another end than the one that was acknowledged',
      'lost',
      (run) => (writable(entry(run, 'prompt-ended').entry).stopReason = 'timeout'),
    ],
    [
      'an answer that was told and is another in the journal',
      'lost',
      (run) =>
        (writable(line(run, 'event', ({ event }) => event === 'tool-ended')).content = 'something else'),
    ],
    [
      'an answer that was kept and never told',
      'lost',
      (run) => {
        const told = line(run, 'event', ({ event }) => event === 'tool-ended');
        run.history.splice(run.history.indexOf(told), 1);
      },
    ],
    [
      'a prompt that was accepted twice',
      'doubled prompt',
      (run) => {
        const { entry: accepted, journal } = entry(run, 'prompt-accepted');
        const promptId = `${accepted.promptId}00`;
        const at = accepted.at;
        journal.push({ ...accepted, promptId });
        journal.push({ type: 'prompt-ended', promptId, stopReason: 'end', error: null, at });
      },
    ],
    [
      'a prompt that is answered with the result of another',
      'doubled prompt',
      (run) => {
        const first = ended(run);
        const other = line(run, 'ok', ({ promptId }) => promptId !== first.promptId);
        writable(first).promptId = other.promptId;
      },
    ],
    [
      'a prompt that ended twice in the journal',
      'ended twice',
      (run) => {
        const { entry: end, journal } = entry(run, 'prompt-ended');
        journal.splice(journal.indexOf(end), 0, { ...end });
      },
    ],
    [
      'two terminal events',
      'terminal events',
      (run) => {
        const terminal = line(run, 'event', ({ event }) => event === 'prompt-ended');
        run.history.splice(run.history.indexOf(terminal), 0, terminal);
      },
    ],
    ['a caller that is told two ends', 'terminal events', (run) => void run.history.push({ ...ended(run) })],
    [
      'a caller that is told no end',
      'terminal events',
      (run) => void run.history.splice(run.history.indexOf(ended(run)), 1),
    ],
    [
      'an end that nobody knows',
      'never ended',
      (run) => {
        const end = ended(run);
        run.history.splice(run.history.indexOf(end), 1, { t: end.t, type: 'unknown', op: end.op });
      },
    ],
    [
      'events out of order',
      'order',
      (run) => (writable(line(run, 'event', ({ event }) => event === 'turn-ended')).seq = 0),
    ],
    [
      'prompts of a session that were taken in another order',
      'order',
      (run) => {
        const invokes = run.history.filter((one) => one.type === 'invoke');
        const [first, second] = invokes.flatMap((one) => {
          const next = invokes.find(
            (other) => other.session === one.session && other.op > one.op && !other.again,
          );
          return next && next.text !== one.text ? [one, next] : [];
        }) as [Line<'invoke'>, Line<'invoke'>];
        const [a, b] = [run.history.indexOf(first), run.history.indexOf(second)];
        [run.history[a], run.history[b]] = [second, first];
      },
    ],
    [
      'a call that was answered twice',
      'answered twice',
      (run) => {
        const step = withResults(run).entry;
        writable(step).results = [...step.results, step.results[0]!];
      },
    ],
    [
      'a call that was told twice to be answered',
      'answered twice',
      (run) => {
        const told = line(run, 'event', ({ event }) => event === 'tool-ended');
        run.history.splice(run.history.indexOf(told), 0, told);
      },
    ],
    [
      'a call that has no answer',
      'unanswered call',
      (run) => {
        const step = withResults(run).entry;
        writable(step).results = step.results.slice(1);
      },
    ],
    [
      'an ordinary call that failed',
      'wrong result',
      (run) => {
        const [result] = entry(run, 'step-ended', ({ results }) => results[0]?.name === 'write').entry
          .results;
        Object.assign(result!, { isError: true, content: 'Error: tool_crashed: …' });
      },
    ],
    [
      'a call that should have killed its thread, and was answered',
      'wrong result',
      (run) => {
        const { result } = entry(run, 'call-settled', (one) =>
          one.result.content.includes('tool_crashed'),
        ).entry;
        Object.assign(result, { isError: false, content: 'fine' });
      },
    ],
    [
      'a file with other content than planned',
      'wrong tree',
      (run) => (withChanges(run).entry.changes.find(({ bytes }) => bytes)!.bytes![0]! ^= 1),
    ],
    [
      'a change that was lost',
      'wrong tree',
      (run) => {
        const step = withChanges(run).entry;
        writable(step).changes = step.changes.slice(1);
      },
    ],
    [
      'a line that was appended twice',
      'wrong tree',
      (run) => {
        for (const journal of run.journals.values()) {
          for (const one of journal) {
            if (one.type !== 'step-ended') continue;
            const log = one.changes.find(({ path }) => path === 'log.txt');
            if (!log?.bytes) continue;
            writable(log).bytes = Buffer.concat([log.bytes, log.bytes]);
            return;
          }
        }
      },
    ],
    ['a result with other files', 'wrong tree', (run) => (writable(ended(run)).tree = 'another')],
    [
      'another session that fails beside the faults',
      'error of another',
      (run) => {
        const invoke = line(run, 'invoke', ({ other }) => other);
        const end = line(run, 'ok', ({ op }) => op === invoke.op);
        run.history.splice(run.history.indexOf(end), 1, {
          t: end.t,
          type: 'fail',
          op: end.op,
          code: 'pool_full',
        });
      },
    ],
    [
      'a prompt without any fault that crashes',
      'error of another',
      (run) => {
        const invoke = line(run, 'invoke', ({ other }) => other);
        const end = line(run, 'ok', ({ op }) => op === invoke.op);
        writable(end).stopReason = 'crashed';
        writable(entry(run, 'prompt-ended', (one) => one.promptId === end.promptId).entry).stopReason =
          'crashed';
      },
    ],
    [
      'a model response that the model never gave',
      'wrong response',
      (run) => (writable(entry(run, 'model-responded').entry.response).toolCalls = []),
    ],
    [
      'a journal without its beginning',
      'does not fold',
      (run) => void [...run.journals.values()][0]?.shift(),
    ],
  ])('notices %s', (_, kind, spoil) => {
    const run = copy();
    spoil(run);
    expect(check(run).list.map((violation) => violation.kind)).toContain(kind);
  });
});

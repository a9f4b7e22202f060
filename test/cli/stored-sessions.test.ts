import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewSessions } from '../../src/cli/sessions.ts';
import { viewTranscript } from '../../src/cli/show.ts';
import { openStoreToRead, readStoredSession } from '../../src/cli/stored-session.ts';
import type { JournalEntry } from '../../src/journal/entries.ts';
import { NO_USAGE } from '../../src/model/model.ts';
import { openStore } from '../../src/journal/open-store.ts';
import { transcriptOf } from '../../src/journal/transcript.ts';
import { opened, restored } from '../contracts/journal-store.ts';
import { FIX_SCRIPT, folder, recordsOf, skein } from './run-cli.ts';

const JOB = 'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\nmodel: scripted:fix.yaml\n';
let here: ReturnType<typeof folder>;
/** A batch that is done, in `done`, and one that was killed, in `killed`. */
beforeAll(async () => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1;\n',
    'src/empty.ts': '',
    'job.yaml': JOB,
    'fix.yaml': FIX_SCRIPT.replace(
      'rules:',
      'rules:\n  - { match: { user: empty }, answer: { text: Nothing. } }',
    ),
    'stall.yaml': FIX_SCRIPT.replace(
      'rules:',
      'rules:\n  - { match: { user: b.ts, tool: read }, fault: { stall: 0 } }',
    ),
  });
  await skein(['batch', 'job.yaml', '--out', 'done'], { cwd: here.path });
  const args = ['batch', 'job.yaml', '--model', 'scripted:stall.yaml', '--out', 'killed', '-c', '1'];
  await skein(args, {
    cwd: here.path,
    onOutput: ({ stdout }, child) => {
      if (/tool\.ended","item":"src\/b/.test(stdout)) child.kill('SIGKILL');
    },
  });
});
afterAll(() => here.remove());

const at = (path: string): string => join(here.path, path);

describe('skein sessions', () => {
  it('lists the sessions of a batch, one record each', async () => {
    const result = await skein(['sessions', 'done'], { cwd: here.path });
    expect(recordsOf(result).map(({ type, id, state, prompts }) => [type, id, state, prompts])).toEqual([
      ['session', 'src/a.ts', 'closed', 1],
      ['session', 'src/b.ts', 'closed', 1],
      ['session', 'src/empty.ts', 'closed', 1],
    ]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('takes a store by its path and by its name, too', async () => {
    const byDirectory = await skein(['sessions', 'done'], { cwd: here.path });
    const ids = recordsOf(byDirectory).map(({ id }) => id);
    for (const place of ['done/journal.db', 'sqlite:done/journal.db']) {
      const result = await skein(['sessions', '--store', place], { cwd: here.path });
      expect(recordsOf(result).map(({ id }) => id)).toEqual(ids);
    }
  });

  it('tells which are unfinished', async () => {
    const result = await skein(['sessions', 'killed'], { cwd: here.path });
    expect(recordsOf(result).map(({ id, state }) => [id, state])).toEqual([
      ['src/a.ts', 'closed'],
      ['src/b.ts', 'unfinished'],
    ]);
  });

  it('works beside the process that owns the store', async () => {
    const owner = await openStore(`sqlite:${at('done/journal.db')}`);
    try {
      const result = await skein(['sessions', 'done'], { cwd: here.path });
      expect(recordsOf(result)).toHaveLength(3);
    } finally {
      await owner.close();
    }
  });

  it('is a table for people, which no id can break', () => {
    const summary = {
      forkOf: null,
      openedAt: 0,
      updatedAt: 61_000,
      entryCount: 3,
      promptCount: 2,
      closed: false,
      usage: NO_USAGE,
      turns: 0,
      group: null,
      parent: null,
    };
    const sessions = [
      { ...summary, sessionId: 'a', openPromptCount: 1 },
      { ...summary, sessionId: 'evil\u001b[2J\nline', openPromptCount: 0 },
    ];
    expect(viewSessions(sessions, pc.createColors(false))).toBe(
      [
        'session    state       prompts  opened               updated',
        'a          unfinished  2        1970-01-01 00:00:00  1970-01-01 00:01:01',
        'evil line  idle        2        1970-01-01 00:00:00  1970-01-01 00:01:01',
        '2 sessions',
        '',
      ].join('\n'),
    );
  });
});

describe('skein show', () => {
  it('gives the messages and how the prompt ended', async () => {
    const result = await skein(['show', 'src/a.ts', '--store', 'done'], { cwd: here.path });
    const told = recordsOf(result).map(({ type, message, stopReason }) => [
      type,
      (message as { role: string } | undefined)?.role ?? stopReason,
    ]);
    expect(told).toEqual([
      ['session', undefined],
      ['message', 'user'],
      ...['assistant', 'tool', 'assistant', 'tool', 'assistant'].map((role) => ['message', role]),
      ['prompt.ended', 'end'],
      ['session.closed', undefined],
    ]);
  });

  it('is readable, and keeps results short', async () => {
    const store = await openStoreToRead(at('done'));
    const session = readStoredSession(store, 'src/a.ts');
    await store.close();
    const view = viewTranscript(session, transcriptOf(session.entries), pc.createColors(false));
    expect(view.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME').split('\n')).toEqual([
      'src/a.ts',
      expect.stringMatching(
        /^scripted:fix\.yaml · closed · opened TIME · 3 turns · [\d,]+ tokens · cost unknown$/,
      ),
      '',
      '> Fix src/a.ts',
      '',
      'Reading src/a.ts.',
      '→ read src/a.ts',
      '',
      expect.stringContaining('const a = 1;'),
      '',
      '→ edit src/a.ts',
      '',
      '  Edited src/a.ts:',
      '  @@ -1 +1 @@',
      '  -const a = 1;',
      '  +let a = 1;',
      '',
      'Done.',
      '',
      '✔ end TIME',
      '',
      'closed TIME',
      '',
    ]);
  });

  it('says where a session was forked from, and what was undone', async () => {
    const store = await openStore(`sqlite:${at('forks.db')}`);
    const undone = { ...restored('f', null), keptMessages: 0 };
    await store.append('f', [opened('f'), { ...restored('s', null), keptMessages: 0 }, undone]);
    await store.append('s', [opened('s')]);
    await store.close();
    const list = await skein(['sessions', 'forks.db'], { cwd: here.path });
    expect(recordsOf(list).map(({ id, forkOf }) => [id, forkOf])).toEqual([
      ['f', 's'],
      ['s', null],
    ]);
    const shown = await skein(['show', 'f', '--store', 'forks.db'], { cwd: here.path });
    expect(recordsOf(shown).slice(-2)).toMatchObject([
      { type: 'session.forked', from: { sessionId: 's', promptId: 's/1' } },
      { type: 'session.undone', to: 'f/1' },
    ]);
    const reader = await openStoreToRead(at('forks.db'));
    const session = readStoredSession(reader, 'f');
    const table = viewSessions(reader.sessions(), pc.createColors(false));
    await reader.close();
    expect(
      table
        .split('\n')
        .slice(0, 2)
        .map((line) => line.slice(-7)),
    ).toEqual(['fork of', ':00:00  s'.slice(-7)]);
    const view = viewTranscript(session, transcriptOf(session.entries), pc.createColors(false));
    expect(view).toContain('forked from s, the end of prompt s/1 1970-01-01 00:00:00');
    expect(view).toContain('↩ undone to the end of prompt f/1 1970-01-01 00:00:00');
    const exported = await skein(['export', 'f', '--store', 'forks.db', '--out', 'out-f'], {
      cwd: here.path,
    });
    expect(recordsOf(exported)).toMatchObject([{ id: 'f', messages: 3 }]);
  });

  it('lets nothing in a session steer the terminal, also where a text is cut', async () => {
    const store = await openStoreToRead(at('done'));
    const session = readStoredSession(store, 'src/empty.ts');
    await store.close();
    const evil = `${'x'.repeat(298)}\u001b]52;c;AAAA\u0007\u202e\u009b31m`;
    const entries = session.entries.map((entry): JournalEntry => {
      if (entry.type === 'opened') return { ...entry, spec: { ...entry.spec, system: evil, model: evil } };
      if (entry.type === 'prompt-accepted') return { ...entry, text: evil };
      if (entry.type === 'model-responded') {
        const toolCalls = [{ id: evil, name: evil, arguments: JSON.stringify({ path: evil }) }];
        return { ...entry, response: { ...entry.response, text: evil, toolCalls } };
      }
      if (entry.type === 'step-ended' && entry.results.length > 0) {
        return { ...entry, results: entry.results.map((result) => ({ ...result, content: evil })) };
      }
      if (entry.type === 'prompt-ended')
        return { ...entry, stopReason: 'model-error', error: { code: 'x', message: evil } };
      return entry;
    });
    const view = viewTranscript(session, transcriptOf(entries), pc.createColors(false));
    expect(view).toContain('x'.repeat(298));
    expect(view).not.toMatch(/(?![\n\t])[\p{Cc}\u202e]|AAAA|31m/u);
  });

  it('names the nearest id for one that is not there', async () => {
    const result = await skein(['show', 'src/aa.ts', '--store', 'done'], { cwd: here.path });
    expect(result.stderr).toBe(
      'skein: The store has no session "src/aa.ts"; did you mean "src/a.ts"? [unknown_session]\n',
    );
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('skein export', () => {
  it('writes messages, files and patch', async () => {
    const args = ['export', 'src/a.ts', '--store', 'done', '--out', 'exported'];
    const result = await skein(args, { cwd: here.path });
    expect(recordsOf(result)).toMatchObject([{ type: 'session.exported', id: 'src/a.ts', changes: 1 }]);
    expect(readdirSync(at('exported')).sort()).toEqual(['changes.patch', 'files', 'messages.json']);
    expect(readFileSync(at('exported/files/src/a.ts'), 'utf8')).toBe('let a = 1;\n');
    expect(readFileSync(at('exported/files/src/b.ts'), 'utf8')).toBe('const b = 1;\n');
    expect(readFileSync(at('exported/changes.patch'), 'utf8')).toContain('+let a = 1;');
    const messages = JSON.parse(readFileSync(at('exported/messages.json'), 'utf8')) as { role: string }[];
    expect(messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'tool',
      'assistant',
    ]);
  });

  it('refuses a directory that is not empty, and leaves it as it is', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full/mine'), 'mine');
    const args = ['export', 'src/a.ts', '--store', 'done', '--out', 'full'];
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toContain('[output_exists]');
    expect(result.exitCode).toBe(2);
    expect(readdirSync(at('full'))).toEqual(['mine']);
  });

  it('writes nothing when a path in the store leads out of the session', async () => {
    cpSync(at('done'), at('tampered'), { recursive: true });
    const file = at('tampered/journal.db');
    const owner = await openStore(`sqlite:${file}`);
    const [opened] = owner.read('src/a.ts');
    await owner.append('out', [
      { ...(opened as Extract<JournalEntry, { type: 'opened' }>) },
      {
        type: 'step-ended',
        stepId: 1,
        opening: null,
        results: [],
        changes: [{ path: '../../escaped', bytes: Buffer.from('x') }],
        next: { wait: 'nothing', stopReason: 'end' },
      },
    ]);
    await owner.close();
    const args = ['export', 'out', '--store', 'tampered', '--out', 'a/b'];
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toContain('[store_corrupt]');
    expect(result.exitCode).toBe(2);
    expect([existsSync(at('a')), existsSync(at('escaped'))]).toEqual([false, false]);
  });
});

describe('a store that cannot be used', () => {
  /** Copies of the batch that is done, each with another journal. */
  beforeAll(() => {
    for (const name of ['foreign', 'truncated', 'newer', 'gone', 'directory', 'unbegun']) {
      cpSync(at('done'), at(name), { recursive: true });
    }
    writeFileSync(at('foreign/journal.db'), 'no database at all\n'.repeat(100));
    truncateSync(at('truncated/journal.db'), Math.floor(statSync(at('truncated/journal.db')).size / 2));
    const newer = readFileSync(at('newer/journal.db'));
    // SQLite keeps `user_version` here, big-endian.
    newer.writeUInt32BE(newer.readUInt32BE(60) + 1000, 60);
    writeFileSync(at('newer/journal.db'), newer);
    for (const name of ['gone', 'directory']) rmSync(at(`${name}/journal.db`));
    mkdirSync(at('directory/journal.db'));
    copyFileSync(at('job.yaml'), at('unbegun/batch.json'));
  });

  it.each([
    ['foreign', 'store_foreign'],
    ['truncated', 'store_corrupt'],
    ['newer', 'store_newer'],
    ['directory', 'store_unusable'],
  ])('(%s) is refused by every command with %s and 2, in one line', async (name, code) => {
    for (const args of [
      ['sessions', name],
      ['show', 'src/a.ts', '--store', name],
      ['export', 'src/a.ts', '--store', name, '--out', `${name}-out`],
      ['batch', 'job.yaml', '--resume', name],
    ]) {
      const result = await skein(args, { cwd: here.path });
      expect([args[0], result.stderr]).toEqual([
        args[0],
        expect.stringMatching(new RegExp(`^skein: .* \\[${code}\\]\\n$`)),
      ]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(existsSync(at(`${name}-out`))).toBe(false);
    }
  });

  it.each([
    [['sessions', 'nowhere.db'], 'store_unusable', 'nowhere.db is not there'],
    [['sessions', 'sqlite:done'], 'store_unusable', 'is a directory'],
    [['sessions'], 'usage', 'No store is named'],
    [['sessions', 'done', '--store', 'done'], 'usage', 'Two stores are named'],
    [['batch', 'job.yaml', '--resume', 'src'], 'no_batch', 'its batch.json cannot be read (ENOENT)'],
    [['batch', 'job.yaml', '--resume', 'nowhere'], 'no_batch', 'ENOENT'],
    [['batch', 'job.yaml', '--resume', 'gone'], 'no_batch', 'its journal.db is gone'],
    [['batch', 'job.yaml', '--resume', 'unbegun'], 'no_batch', 'its batch.json is damaged'],
    [['batch', 'job.yaml', '--resume', 'done', '--out', 'x'], 'usage', '--resume and --out'],
    [['batch', 'job.yaml', '--force'], 'usage', '--force goes with --resume'],
    [['batch', 'job.yaml', '--isolation', 'thread', '--shards', '2'], 'usage', '--shards goes with'],
  ])('as in %j is told in one line, with %s and 2', async (args, code, says) => {
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toMatch(new RegExp(`^skein: .* \\[${code}\\]\\n$`));
    expect(result.stderr).toContain(says);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('because another process runs the batch is refused with store_locked and 2', async () => {
    const owner = await openStore(`sqlite:${at('done/journal.db')}`);
    try {
      const result = await skein(['batch', 'job.yaml', '--resume', 'done'], { cwd: here.path });
      expect(result.stderr).toMatch(/^skein: .* \[store_locked\]\n$/);
      expect(result.stderr).toContain(`process ${process.pid}`);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    } finally {
      await owner.close();
    }
  });

  it.each([
    [['sessions', 'done', '--stoer', 'x'], 'Did you mean --store?'],
    [['show'], "missing required argument 'id'"],
    [['export', 'x', '--store', 'done'], "required option '-o, --out <directory>' not specified"],
    [['batch', 'job.yaml', '--resmue', 'done'], 'Did you mean --resume?'],
    [['batch', 'job.yaml', '--isolation', 'fibre'], 'Allowed choices are thread, process.'],
    [['batch', 'job.yaml', '--shards', '0'], 'Expected a whole number of at least 1.'],
  ])('or a flag as in %j ends with 2', async (args, says) => {
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toContain(says);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

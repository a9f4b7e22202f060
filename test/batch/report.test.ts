import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/batch/batch-journal.ts';
import { BatchOutput } from '../../src/batch/batch-output.ts';
import { BASE_SESSION } from '../../src/batch/item-standing.ts';
import type { Report } from '../../src/batch/report.ts';
import type { ItemOutcome } from '../../src/batch/run-batch.ts';
import type { JournalStore } from '../../src/journal/store.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { outcomeOf } from './outcomes.ts';

const image = baseImage.fromFiles({ 'a.ts': 'one\ntwo\n', 'b.ts': 'b\n' });
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-report-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the results of a batch', () => {
  it('are a patch an item, the merged one, and the reports', async () => {
    const out = join(directory, 'out');
    await write(out, [
      outcomeOf('a.ts', image, { 'a.ts': 'one\n2\n', 'n.ts': 'n' }),
      { ...outcomeOf('b.ts', image, {}), item: { id: 'b.ts', number: 2, prompt: '' } },
      { ...outcomeOf('x/y z.ts', image, { 'b.ts': null }), item: { id: 'x/y z.ts', number: 3, prompt: '' } },
      { item: { id: 'late', number: 4, prompt: '' }, status: 'not-started', result: null, error: null },
    ]);
    expect(readdirSync(out).sort()).toEqual([
      '.gitignore',
      'merged.patch',
      'patches',
      'report.html',
      'report.json',
    ]);
    expect(readdirSync(join(out, 'patches')).sort()).toEqual(['0001-a.ts.patch', '0003-x-y-z.ts.patch']);
    const patch = readFileSync(join(out, 'merged.patch'), 'utf8');
    expect(patch.match(/^diff --git .*/gm)).toEqual([
      'diff --git a/a.ts b/a.ts',
      'diff --git a/b.ts b/b.ts',
      'diff --git a/n.ts b/n.ts',
    ]);

    const report: unknown = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
    expect(report).toMatchObject({
      version: 2,
      name: 'tidy',
      model: 'local:any',
      startedAt: '2026-01-02T03:04:05.000Z',
      totals: {
        items: 4,
        done: 3,
        failed: 0,
        cancelled: 0,
        notStarted: 1,
        files: 3,
        added: 2,
        removed: 2,
        turns: 3,
      },
      items: [
        {
          id: 'a.ts',
          status: 'done',
          stopReason: 'end',
          patch: 'patches/0001-a.ts.patch',
          files: [
            { path: 'a.ts', kind: 'modified', added: 1, removed: 1 },
            { path: 'n.ts', kind: 'added', added: 1, removed: 0 },
          ],
        },
        { id: 'b.ts', status: 'done', patch: null, files: [] },
        { id: 'x/y z.ts', files: [{ path: 'b.ts', kind: 'deleted', added: 0, removed: 1 }] },
        { id: 'late', status: 'not-started', stopReason: null },
      ],
      conflicts: [],
    });
  });

  it('never mix with what is there already', async () => {
    writeFileSync(join(directory, 'mine'), '');
    await expect(BatchOutput.create(directory, image)).rejects.toMatchObject({ code: 'output_exists' });
    expect(readdirSync(directory)).toEqual(['mine']);
  });

  it('are refused a place where none can be', async () => {
    writeFileSync(join(directory, 'file'), '');
    const place = join(directory, 'file', 'out');
    await expect(BatchOutput.create(place, image)).rejects.toMatchObject({ code: 'output_unwritable' });
  });

  it.runIf(process.platform === 'linux')('are refused where no directory can ever be made', async () => {
    const place = '/proc/skein/out';
    await expect(BatchOutput.create(place, image)).rejects.toMatchObject({ code: 'output_unwritable' });
  });

  it.each([
    ['and its directory with them, where it was made for them', 'out', false],
    ['and not a directory that was there', '.', true],
  ])('are taken away of a batch that never began, %s', async (_, place, stays) => {
    const out = join(directory, place);
    const output = await BatchOutput.create(out, image);
    await (await openJournal(out)).close();
    await output.discard();
    expect(existsSync(out)).toBe(stays);
    if (stays) expect(readdirSync(out)).toEqual([]);
  });

  it('leave what somebody else has put beside them, and say so', async () => {
    const out = join(directory, 'out');
    const output = await BatchOutput.create(out, image);
    writeFileSync(join(out, 'mine'), '');
    await expect(output.discard()).rejects.toMatchObject({ code: 'output_unwritable' });
    expect(readdirSync(out)).toEqual(['mine']);
  });

  it('take the place of a batch that was killed before it began', async () => {
    const out = join(directory, 'out');
    await BatchOutput.create(out, image);
    const store = await openJournal(out);
    await expect(BatchOutput.create(out, image)).rejects.toMatchObject({ code: 'store_locked' });
    await keepSession(store, BASE_SESSION);
    await store.close();
    await BatchOutput.create(out, image);
    expect(readdirSync(out).sort()).toEqual(['.gitignore', 'patches']);
  });

  it.each<[string, (out: string) => void | Promise<void>]>([
    ['has begun', (out) => writeFileSync(join(out, 'batch.json'), '{}')],
    ['has lost the file that says so', (out) => withJournal(out, (store) => keepSession(store, 'a.ts'))],
    ['is no batch, but a store', (out) => rmSync(join(out, 'patches'), { recursive: true })],
  ])('never take the place of one that %s', async (_, change) => {
    const out = join(directory, 'out');
    await BatchOutput.create(out, image);
    await withJournal(out, (store) => keepSession(store, BASE_SESSION));
    await change(out);
    await expect(BatchOutput.create(out, image)).rejects.toMatchObject({ code: 'output_exists' });
    expect(existsSync(join(out, 'journal.db'))).toBe(true);
  });

  it('are not read as sources when they lie among them', async () => {
    writeFileSync(join(directory, 'a.ts'), 'a');
    await write(join(directory, 'out'), [outcomeOf('a.ts', image, { 'a.ts': 'x\n' })]);
    expect((await baseImage.fromDirectory(directory)).paths()).toEqual(['a.ts']);
  });
});

describe('a file on disk that no session was shown', () => {
  // What is there, and what a session that does not know of it writes.
  it.each<[string, () => void, Record<string, string | null>, string]>([
    ['itself', () => writeFileSync(at('.env'), 'KEY=1'), { '.env': 'mine' }, '.env'],
    ['a directory', () => writeFileSync(at('bin'), '\0'), { 'bin/x': 'mine' }, 'bin/x'],
    ['a directory, as a link', () => symlinkSync('/', at('up')), { 'up/x': 'mine' }, 'up/x'],
    ['a file, as a directory', () => mkdirSync(at('empty')), { empty: 'mine' }, 'empty'],
    [
      'a file, as a directory with more in it',
      () => writeFileSync(at('d/.env'), 'KEY=1'),
      { 'd/x': null, d: 'mine' },
      'd',
    ],
  ])('is kept, and said to be in conflict, by one who writes it as %s', async (_, spoil, changes, path) => {
    for (const name of ['sources', 'sources/d']) mkdirSync(join(directory, name));
    const shown = { 'a.ts': 'a\n', 'd/x': 'x\n' };
    for (const [name, content] of Object.entries(shown)) writeFileSync(at(name), content);
    spoil();
    const seen = baseImage.fromFiles(shown);
    const output = await BatchOutput.create(join(directory, 'out'), seen);
    const items = [outcomeOf('one', seen, { 'a.ts': 'new\n' }), outcomeOf('two', seen, changes)];
    const { merge, report } = await output.finish(
      { items, interrupted: false, stoppedBy: null, startedAt: new Date(), durationMs: 5 },
      { name: 'tidy', model: 'local:any', concurrency: 2, source: at('') },
    );
    expect(merge.conflicts).toMatchObject([
      { path, itemIds: ['two'], kind: 'unseen', sides: [{ itemIds: ['two'] }], hunks: [] },
    ]);
    execFileSync('sh', ['-c', report.merged.applyCommand]);
    expect(readFileSync(at('a.ts'), 'utf8')).toBe('new\n');
  });

  const at = (name: string): string => join(directory, 'sources', name);
});

describe('the command that takes the patch over', () => {
  it('works for a directory that is a symbolic link into a repository', async () => {
    const inside = join(directory, 'repository', 'package');
    mkdirSync(inside, { recursive: true });
    execFileSync('git', ['init', '--quiet', join(directory, 'repository')]);
    writeFileSync(join(inside, 'a.ts'), 'one\ntwo\n');
    symlinkSync(inside, join(directory, 'link'));
    const out = join(directory, 'out');
    const items = [outcomeOf('a.ts', image, { 'a.ts': 'one\n2\n' })];
    await write(out, items, 'local:any', join(directory, 'link'));
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;
    execFileSync('sh', ['-c', report.merged.applyCommand]);
    expect(readFileSync(join(inside, 'a.ts'), 'utf8')).toBe('one\n2\n');
  });
});

describe('report.html', () => {
  const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&\u202e\u001b[31m`;

  it('shows what came from models, files and item names as text', async () => {
    const outcome = outcomeOf(hostile.slice(0, 40), image, { 'a.ts': `${hostile}\n` }, 'max-turns', hostile);
    const html = await htmlOf([{ ...outcome, error: { code: 'x', message: hostile } }], hostile);
    const markup = html.replace(/<style>[\s\S]*<\/style>/, '');
    const tags = new Set([...markup.matchAll(/<([a-z0-9]+)/g)].map(([, tag]) => tag));
    expect(
      [...tags].filter((tag) => ['script', 'img', 'iframe', 'object', 'form', 'base'].includes(tag!)),
    ).toEqual([]);
    expect(markup).toContain(
      '&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u202e\\u001b[31m',
    );
    expect(markup).not.toMatch(/(?!\n)[\u202e\p{Cc}]/u);
  });

  it('allows itself one style and nothing else', async () => {
    const html = await htmlOf([outcomeOf('a.ts', image, { 'a.ts': 'x\n' })]);
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
    expect(html).not.toMatch(/ style="|<script|https?:/);
  });

  it('shows a changed line that looks like a header as the change it is', async () => {
    const html = await htmlOf([outcomeOf('a.ts', image, { 'a.ts': 'one\n++ two\n' })]);
    expect(html).toContain('<span class="a">+++ two</span>');
    expect(html).toContain('<span class="m">+++ b/a.ts</span>');
  });

  it('shows a long diff in part', async () => {
    const long = Array.from({ length: 5_000 }, (_, i) => `line ${i}\n`).join('');
    const html = await htmlOf([outcomeOf('a.ts', image, { 'a.ts': long })]);
    expect(html.match(/<span class="a">/g)?.length).toBeLessThan(600);
    expect(html).toMatch(/… 4,4\d\d more lines in the patch/);
  });
});

async function withJournal(out: string, use: (store: JournalStore) => Promise<void>): Promise<void> {
  const store = await openJournal(out);
  await use(store);
  await store.close();
}

async function keepSession(store: JournalStore, id: string): Promise<void> {
  const pool = await SessionPool.open({ store, providers: { me: { baseURL: 'http://127.0.0.1:9/v1' } } });
  await (await pool.start({ id, model: 'me:any', base: image })).close();
  await pool.close();
}

async function htmlOf(outcomes: readonly ItemOutcome[], model = 'local:any'): Promise<string> {
  const out = join(directory, 'html');
  await write(out, outcomes, model);
  return readFileSync(join(out, 'report.html'), 'utf8');
}

async function write(
  out: string,
  items: readonly ItemOutcome[],
  model = 'local:any',
  source = directory,
): Promise<void> {
  const output = await BatchOutput.create(out, image);
  for (const item of items) if (item.status !== 'not-started') await output.writeItem(item);
  await output.finish(
    {
      items,
      interrupted: false,
      stoppedBy: null,
      startedAt: new Date('2026-01-02T03:04:05Z'),
      durationMs: 5,
    },
    { name: 'tidy', model, concurrency: 2, source },
  );
}

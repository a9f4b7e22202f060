import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SkeinError, WriteFailedError } from '../../src/errors.ts';
import { applyOn } from '../../src/workspace/apply-changes.ts';
import { realDisk, type Disk } from '../../src/workspace/disk.ts';
import type { FileDifference } from '../../src/workspace/files-view.ts';
import { diskError, watchedDisk, type DiskCall } from './faulty-disk.ts';

let scratch: string;
let directory: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skein-faults-'));
  directory = join(scratch, 'work');
});
afterEach(() => rmSync(scratch, { recursive: true }));

/** One of each: changed, new in a new directory, deleted, a directory that becomes a file, a file that becomes a directory. */
const start: Record<string, string> = {
  a: 'A',
  'd/e/x': 'X',
  'd/y': 'Y',
  f: 'F',
  'g/gone': 'G',
  'g/stays': 'S',
  'h/i/j': 'J',
};
const changes: readonly FileDifference[] = [
  change('a', 'A', 'A2'),
  change('d', null, 'D'),
  change('d/e/x', 'X', null),
  change('d/y', 'Y', null),
  change('f', 'F', null),
  change('f/new/er', null, 'N'),
  change('g/gone', 'G', null),
  change('h/i/j', 'J', 'J2'),
  change('n/m/new', null, 'N'),
];
const end: Record<string, string> = {
  a: 'A2',
  d: 'D',
  'f/new/er': 'N',
  'g/stays': 'S',
  'h/i/j': 'J2',
  'n/m/new': 'N',
};

describe('a disk that fails at one call', () => {
  it('is left as it was, whichever call that is, and the error says so', async () => {
    const [before, calls] = await callsOfApply();
    const codes = new Set<string>();
    for (const { number, name, path } of calls) {
      const what = `${name} of ${path}, call ${number}`;
      make(start);
      const disk = watchedDisk((call) => {
        if (call.number === number) throw diskError('EIO');
      });
      const error = await failing(applyOn(disk, directory, changes, {}));
      // What fails when all is written already changes nothing about that.
      if (error === undefined) {
        expect(withoutOriginals(contentsOf(directory)), what).toEqual(end);
        continue;
      }
      codes.add(error.code);
      expect(treeOf(directory), what).toEqual(before);
      if (error.code === 'write_failed') {
        expect((error as WriteFailedError).unrestored, what).toEqual([]);
        expect(error.message, what).toMatch(
          /could not be written .* EIO: .*Everything is as it was before\.$/,
        );
      }
    }
    expect([...codes].sort()).toEqual(['output_unwritable', 'write_failed']);
  });

  it('is told as well where it does not let itself be put back: what, and where the originals are', async () => {
    const [, calls] = await callsOfApply();
    const replacing = calls.filter(({ name, path }) => name === 'rename' && path.endsWith('.new'));
    make(start);
    const disk = watchedDisk(({ number }) => {
      if (number > replacing[0]!.number) throw diskError('EIO');
    });
    const error = (await failing(applyOn(disk, directory, changes, {}))) as WriteFailedError;
    expect(error.code).toBe('write_failed');
    expect(error.message).toContain('What had been done was undone, except for a (its original is .skein-');
    const originals = error.unrestored.flatMap(({ original }) => original ?? []);
    for (const { path, original } of error.unrestored)
      if (original !== undefined && start[path] !== undefined)
        expect(readFileSync(join(directory, original), 'utf8')).toBe(start[path]);
    expect(originals.length).toBeGreaterThan(3);
  });

  it('is finished by a second attempt, wherever the first was killed', async () => {
    const [, calls] = await callsOfApply();
    for (const { number, name, path } of calls) {
      make(start);
      const disk = watchedDisk((call) => {
        if (call.number >= number) throw diskError('EIO');
      });
      await failing(applyOn(disk, directory, changes, {}));
      const report = await applyOn(realDisk, directory, changes, {});
      expect(report.files).toHaveLength(changes.length);
      expect(withoutOriginals(contentsOf(directory)), `${name} of ${path}, call ${number}`).toEqual(end);
    }
  });

  it('may be one that gives no file a second name', async () => {
    make(start);
    const disk = watchedDisk(({ name }) => {
      if (name === 'link') throw diskError('EPERM');
    });
    await applyOn(disk, directory, changes, {});
    expect(contentsOf(directory)).toEqual(end);

    const before = make(start);
    const full = watchedDisk(({ name, path }) => {
      if (name === 'link') throw diskError('EPERM');
      if (name === 'rename' && path.endsWith('.new') && contentsOf(directory)['a'] === 'A2')
        throw diskError('EIO');
    });
    expect(await failing(applyOn(full, directory, changes, {}))).toMatchObject({ code: 'write_failed' });
    expect(treeOf(directory)).toEqual(before);
  });

  it('may be one that gives no second name, where another makes a file at the last moment', async () => {
    make(start);
    const disk = watchedDisk(({ name, path }) => {
      if (name !== 'link') return;
      if (path.endsWith('.new')) write(directory, 'n/m/new', 'theirs');
      throw diskError('EPERM');
    });
    const error = await failing(applyOn(disk, directory, [change('n/m/new', null, 'N')], {}));
    expect(error).toMatchObject({ code: 'write_failed', unrestored: [{ path: 'n/m' }, { path: 'n' }] });
    expect(contentsOf(directory)).toEqual({ ...start, 'n/m/new': 'theirs' });
  });

  it('may leave an original behind, which is reported', async () => {
    make(start);
    const disk = watchedDisk(({ name, path }) => {
      if (name === 'unlink' && path.endsWith('.old')) throw diskError('EBUSY');
    });
    const { leftovers } = await applyOn(disk, directory, [change('a', 'A', 'A2')], {});
    expect(leftovers).toEqual([expect.stringMatching(/^\.skein-[0-9a-f]{12}-\d+\.old$/)]);
    expect(readFileSync(join(directory, leftovers[0]!), 'utf8')).toBe('A');
  });
});

it('a new content is not readable by others before it has the mode of what it replaces', async () => {
  make(start);
  chmodSync(join(directory, 'a'), 0o600);
  const modes: number[] = [];
  const disk: Disk = {
    ...realDisk,
    open: async (path, ...rest) => {
      const handle = await realDisk.open(path, ...rest);
      if (String(path).endsWith('.new')) modes.push((await handle.stat()).mode & 0o777);
      return handle;
    },
  };
  await applyOn(disk, directory, [change('a', 'A', 'A2')], {});
  expect(modes).toEqual([0o600]);
});

describe('another program that changes the directory meanwhile', () => {
  /** What lies where links lead to: by its contents it could be what the session saw. */
  const outside = { 'e/x': 'X', 'i/j': 'J', 'h/i/j': 'J', 'g/gone': 'G', 'm/new': 'M' };
  /** What it does, to which changes, at a moment when it has not done it yet. */
  const deeds: readonly [name: string, touched: readonly string[], deed: () => void][] = [
    ['writes to a file', ['a'], () => writeFileSync(join(directory, 'a'), 'theirs')],
    [
      'replaces a file',
      ['a'],
      () => {
        writeFileSync(join(scratch, 'theirs'), 'theirs');
        renameSync(join(scratch, 'theirs'), join(directory, 'a'));
      },
    ],
    ['deletes a file', ['h/i/j'], () => rmSync(join(directory, 'h/i/j'), { force: true })],
    [
      'makes a file that is new',
      ['n/m/new'],
      () => {
        mkdirSync(join(directory, 'n/m'), { recursive: true });
        writeFileSync(join(directory, 'n/m/new'), 'theirs');
      },
    ],
    [
      'puts a link in place of a file',
      ['a'],
      () => {
        rmSync(join(directory, 'a'), { force: true });
        symlinkSync(join(scratch, 'o/g/gone'), join(directory, 'a'));
      },
    ],
    [
      'puts a directory in place of a file',
      ['a'],
      () => {
        rmSync(join(directory, 'a'), { recursive: true, force: true });
        mkdirSync(join(directory, 'a'));
      },
    ],
    [
      'puts a link in place of a directory',
      ['h/i/j'],
      () => {
        renameSync(join(directory, 'h'), join(scratch, 'h'));
        symlinkSync('../o', join(directory, 'h'));
      },
    ],
    [
      'puts a link where a directory is to be',
      ['n/m/new'],
      () => {
        if (!isThere(join(directory, 'n'))) symlinkSync('../o', join(directory, 'n'));
      },
    ],
    [
      'puts a file into a directory that goes',
      ['d', 'd/e/x', 'd/y'],
      () => {
        if (isDirectory(join(directory, 'd'))) writeFileSync(join(directory, 'd/theirs'), 'theirs');
      },
    ],
    [
      'puts a link in place of a directory that was just made, so that nothing there can be undone',
      ['n/m/new', 'p'],
      () => {
        if (!isDirectory(join(directory, 'n'))) return;
        renameSync(join(directory, 'n'), join(scratch, 'h'));
        symlinkSync('../o', join(directory, 'n'));
        if (!isThere(join(directory, 'p'))) writeFileSync(join(directory, 'p'), 'theirs');
      },
    ],
    ['moves the whole directory away', ['h/i/j'], () => renameSync(directory, join(scratch, 'moved'))],
    [
      'puts a link in place of the whole directory',
      ['h/i/j'],
      () => {
        renameSync(directory, join(scratch, 'moved'));
        symlinkSync('o', directory);
      },
    ],
  ];

  it.each(deeds)(
    'and %s never has anything written outside, nor half of it inside',
    async (_, touched, deed) => {
      // Every moment is tried, so the fewer files the better. One other file is changed, after and before those.
      const paths = new Set([...touched, 'g/gone', 'k']);
      const list = [...changes, change('k', null, 'K'), change('p', null, 'P')].filter(({ path }) =>
        paths.has(path),
      );
      const [, calls] = await callsOfApply(list);
      const outcomes = new Set<string>();
      // The first call finds out what the directory is; until then it may be anything.
      for (const { number } of calls.slice(1)) {
        for (const left of ['o', 'h', 'moved', 'work'])
          rmSync(join(scratch, left), { recursive: true, force: true });
        for (const [path, text] of Object.entries(outside)) write(join(scratch, 'o'), path, text);
        make(start);
        let isDone = false;
        const disk = watchedDisk((call) => {
          if (call.number !== number) return;
          isDone = true;
          deed();
        });
        const error = await failing(applyOn(disk, directory, list, {}));
        expect(isDone).toBe(true);
        expect(contentsOf(join(scratch, 'o')), `call ${number}`).toEqual(outside);
        outcomes.add(error?.code ?? 'applied');
        // Up to where the file gets its second name, whatever becomes of it is seen.
        const isInTime =
          number <= calls.findIndex(({ name, path }) => name === 'link' && path.endsWith(join('work', 'a')));
        if (isInTime) expect(error?.code, `call ${number}`).toBe('disk_changed');
        if (error) expect(['disk_changed', 'write_failed', 'output_unwritable']).toContain(error.code);
        // Where it was refused, what is not theirs is as it was.
        if (error?.code === 'disk_changed') {
          const there = ['moved', 'work'].map((top) => join(scratch, top)).find(isDirectory);
          const changed = Object.entries(contentsOf(there!)).filter(([path, text]) => start[path] !== text);
          expect(
            changed.every(([, text]) => text === 'theirs'),
            `call ${number}: ${JSON.stringify(changed)}`,
          ).toBe(true);
        }
      }
      expect([...outcomes].some((code) => code === 'disk_changed' || code === 'write_failed')).toBe(true);
    },
  );
});

describe('a real fault', () => {
  const big = [change('a', 'A', 'A2'), change('b/big', null, 'x'.repeat(300_000))];

  it('of a disk that is full changes nothing', () => {
    make({ a: 'A' });
    // Where nobody may mount a small disk, a limit on the length of files does.
    const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
    const code = canMount ? 'ENOSPC' : 'EFBIG';
    const shell = canMount
      ? `mount -t tmpfs -o size=128k none "$0" && printf A > "$0/a" && "$@"; cat "$0/a"; ls -A "$0"`
      : `(ulimit -f 64; "$@"); cat "$0/a"; ls -A "$0"`;
    const output = applyInChild(big, (command) => [
      ...(canMount ? ['unshare', '-rm'] : []),
      'sh',
      '-c',
      shell,
      directory,
      ...command,
    ]);
    expect(output).toMatch(
      new RegExp(
        `^write_failed b/big could not be written .* ${code}: .*Everything is as it was before\\.\nAa\n$`,
      ),
    );
  });

  it('of a limit on the length of a file changes nothing', () => {
    make({ a: 'A' });
    const output = applyInChild(big, (command) => ['sh', '-c', 'ulimit -f 64; exec "$@"', 'sh', ...command]);
    expect(output).toMatch(/^write_failed b\/big could not be written .* EFBIG: /);
    expect(contentsOf(directory)).toEqual({ a: 'A' });
    expect(readdirSync(directory)).toEqual(['a']);
  });

  it.each(['.', 'd'])('of a directory that may not be written changes nothing: %s', (closed) => {
    make({ a: 'A', 'd/x': 'X' });
    chmodSync(scratch, 0o755);
    chmodSync(join(directory, 'a'), 0o644);
    chmodSync(join(directory, 'd'), 0o777);
    chmodSync(directory, 0o777);
    chmodSync(join(directory, closed), 0o555);
    const before = treeOf(directory);
    const output = applyInChild(
      [change('a', 'A', 'A2'), change('d/x', 'X', 'X2')],
      (command) => command,
      'as nobody',
    );
    expect(output).toMatch(
      /^write_failed .* EACCES: permission denied\. Everything is as it was before\.\n$/,
    );
    expect(treeOf(directory)).toEqual(before);
    chmodSync(join(directory, closed), 0o755);
  });

  it.each([
    ['missing', () => undefined],
    ['a file', () => writeFileSync(directory, '')],
    ['a dangling link', () => symlinkSync('nowhere', directory)],
  ])('of a directory that is %s is told, and none is made', async (_, prepare) => {
    prepare();
    const before = treeOf(scratch);
    const error = await failing(applyOn(realDisk, directory, changes, {}));
    expect(error).toMatchObject({ code: 'output_unwritable' });
    expect(error!.message).toContain(`Nothing was written: ${directory} `);
    expect(treeOf(scratch)).toEqual(before);
  });
});

/**
 * Applies changes in a process of its own: limits, users and mounts are a process's.
 * @param wrap  the command → the command to run instead
 * @returns what it printed: `applied`, or the error's code and message
 */
function applyInChild(
  list: readonly FileDifference[],
  wrap: (command: readonly string[]) => readonly string[],
  user?: 'as nobody',
): string {
  const built = pathToFileURL(join(import.meta.dirname, '../../dist/src/workspace/apply-changes.js')).href;
  const source = `
    import { readFileSync } from 'node:fs';
    import { applyChanges } from ${JSON.stringify(built)};
    const { directory, list, asNobody } = JSON.parse(readFileSync(0, 'utf8'));
    // Root may write anywhere.
    if (asNobody && process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
    const bytes = (text) => text === null ? null : Buffer.from(text);
    const changes = list.map(({ path, before, after }) => ({ path, before: bytes(before), after: bytes(after) }));
    await applyChanges(directory, changes).then(
      () => console.log('applied'),
      (error) => console.log(error.code, error.message),
    );`;
  const text = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString();
  const plain = list.map(({ path, before, after }) => ({ path, before: text(before), after: text(after) }));
  const [file, ...args] = wrap([process.execPath, '--input-type=module', '-e', source]);
  const input = JSON.stringify({ directory, list: plain, asNobody: user !== undefined });
  return execFileSync(file!, args, { input, encoding: 'utf8' });
}

/** The calls of an apply that nothing disturbs, and the tree before it. */
async function callsOfApply(list = changes): Promise<[before: Record<string, string>, calls: DiskCall[]]> {
  const before = make(start);
  const calls: DiskCall[] = [];
  await applyOn(
    watchedDisk((call) => calls.push(call)),
    directory,
    list,
    {},
  );
  if (list === changes) expect(contentsOf(directory)).toEqual(end);
  return [before, calls];
}

async function failing(applied: Promise<unknown>): Promise<SkeinError | undefined> {
  try {
    await applied;
    return undefined;
  } catch (error) {
    return error as SkeinError;
  }
}

function change(path: string, before: string | null, after: string | null): FileDifference {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  return { path, before: bytes(before), after: bytes(after) };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The directory anew. @returns {@link treeOf} it */
function make(files: Record<string, string>): Record<string, string> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, text] of Object.entries(files)) write(directory, path, text);
  if ('a' in files) chmodSync(join(directory, 'a'), 0o751);
  if ('d/y' in files) chmodSync(join(directory, 'd'), 0o775);
  return treeOf(directory);
}

function write(top: string, path: string, text: string): void {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), text);
}

/** Everything under a directory, with modes and contents; links are not followed. */
function treeOf(top: string): Record<string, string> {
  const entries = readdirSync(top, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => {
        const stat = lstatSync(path);
        const what = stat.isFile() ? readFileSync(path, 'utf8') : stat.isDirectory() ? 'directory' : 'link';
        return [path.slice(top.length + 1), `${(stat.mode & 0o7777).toString(8)} ${what}`];
      }),
  );
}

/** Every regular file under a directory. */
function contentsOf(top: string): Record<string, string> {
  const entries = readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(top.length + 1), readFileSync(path, 'utf8')]));
}

function withoutOriginals(contents: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(contents).filter(([path]) => !/(^|\/)\.skein-/.test(path)));
}

import { describe, expect, it } from 'vitest';
import { parseJob, type Job, type JobEach } from '../../src/batch/job.ts';
import { planItems } from '../../src/batch/plan.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';

const image = baseImage.fromFiles({
  'README.md': '',
  'src/a.ts': '',
  'src/b.test.ts': '',
  'src/lib/c.ts': '',
  'packages/one/index.ts': '',
  'packages/one/src/deep/x.ts': '',
  'packages/two/index.ts': '',
});

describe('items of files', () => {
  it('are the matching files in byte order, each in its prompt', () => {
    expect(planItems(job(['src/**/*.ts'], 'Fix {{path}}, {{ path }}!'), image, 'job.yaml')).toEqual([
      { id: 'src/a.ts', number: 1, prompt: 'Fix src/a.ts, src/a.ts!' },
      { id: 'src/b.test.ts', number: 2, prompt: 'Fix src/b.test.ts, src/b.test.ts!' },
      { id: 'src/lib/c.ts', number: 3, prompt: 'Fix src/lib/c.ts, src/lib/c.ts!' },
    ]);
  });

  it('are each taken once, and not at all where a glob with "!" names them', () => {
    expect(idsOf(job(['src/a.ts', 'src', '!**/*.test.ts']))).toEqual(['src/a.ts', 'src/lib/c.ts']);
  });

  it('are refused with the glob that matches nothing', () => {
    expect(() => idsOf(job(['src/*.ts', 'src/*.tsx']))).toThrowError(
      expect.objectContaining({
        code: 'no_match',
        message: expect.stringContaining('each.files "src/*.tsx" matches none of the 7 files that were read'),
      }),
    );
  });
});

describe('items of directories', () => {
  it('are the outermost that match', () => {
    expect(idsOf(job({ kind: 'dirs', globs: ['packages/*'] }))).toEqual(['packages/one', 'packages/two']);
    expect(idsOf(job({ kind: 'dirs', globs: ['**/src'] }))).toEqual(['packages/one/src', 'src']);
  });

  it('are refused with the glob that matches nothing', () => {
    expect(() => idsOf(job({ kind: 'dirs', globs: ['apps/*'] }))).toThrowError(
      expect.objectContaining({ code: 'no_match', message: expect.stringContaining('each.dirs "apps/*"') }),
    );
  });
});

describe('items of rows', () => {
  const rows = (...given: Record<string, string>[]): JobEach => ({ kind: 'rows', rows: given });

  it('are called by their id, else their path, else their place', () => {
    const each = rows({ id: 'x', path: 'a' }, { path: 'b' }, { word: 'c' });
    expect(idsOf(job(each, 'Go.'))).toEqual(['x', 'b', 'row-3']);
  });

  it('put their columns into the prompt, and a value that looks like a placeholder stays as it is', () => {
    const each = rows({ path: 'a', word: '{{path}} $& $1' });
    expect(planItems(job(each, '{{word}} in {{path}}'), image, 'job.yaml')[0]?.prompt).toBe(
      '{{path}} $& $1 in a',
    );
  });

  it('are refused where two have one id', () => {
    expect(() => idsOf(job(rows({ id: 'x' }, { id: 'x' }), 'Go.'))).toThrowError(
      /two rows of each have the id "x"/,
    );
  });

  it.each([
    ['{{pth}}', 'did you mean {{path}}?'],
    ['{{zzzzz}}', 'they have path.'],
    ['{{constructor}}', 'they have path.'],
  ])('are refused where the prompt says %s, which no column fills', (placeholder, hint) => {
    const error = {
      code: 'invalid_job',
      message: expect.stringContaining(`${placeholder} names no column of its items; ${hint}`),
    };
    expect(() => idsOf(job(rows({ path: 'a' }), placeholder))).toThrowError(expect.objectContaining(error));
  });
});

function job(each: JobEach | string[], prompt = 'Fix {{path}}'): Job {
  return { name: 'fix', prompt, each: Array.isArray(each) ? { kind: 'files', globs: each } : each };
}

function idsOf(given: Job): string[] {
  return planItems(given, image, 'job.yaml').map((item) => item.id);
}

it('a row without a name is refused', () => {
  const job = parseJob('name: x\nprompt: p\neach:\n  rows:\n    - { id: "" }\n', 'job.yaml');
  expect(() => planItems(job, baseImage.fromFiles({ a: '' }), 'job.yaml')).toThrow(
    'row 1 of each has an empty id',
  );
});

it('a prompt that begins with {{ and is not quoted is refused with the way to mend it', () => {
  expect(() => parseJob('name: x\nprompt: {{path}}\neach: { files: a }\n', 'job.yaml')).toThrow(
    'a value that begins with {{ must be quoted',
  );
});

import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseJob } from '../../src/batch/job.ts';
import { ConfigFileError } from '../../src/errors.ts';

const LEAST = 'name: tidy\nprompt: Tidy {{path}}.\neach: { files: "**/*.ts" }\n';

describe('a job file that is right', () => {
  it('needs no more than a name, a prompt and its items', () => {
    expect(parseJob(LEAST, 'job.yaml')).toEqual({
      name: 'tidy',
      prompt: 'Tidy {{path}}.',
      each: { kind: 'files', globs: ['**/*.ts'] },
    });
  });

  it('may say everything', () => {
    const all = `
name: all-of.it_1
prompt: Do {{what}} to {{path}}
each:
  rows:
    - { path: a.ts, what: this, count: 3, urgent: true }
model: openai:gpt-5
fallback: [openai:gpt-5-mini, ollama:qwen3]
system: Be brief.
skills: [skills, /opt/skills]
tools: [coding-agent, ./tools.mjs]
maxTurns: 0
concurrency: 32
modelOptions: { temperature: 0 }
timeoutMs: 60000
include: src
exclude: [dist, '*.snap']
`;
    expect(parseJob(all, '/jobs/all.yaml')).toEqual({
      name: 'all-of.it_1',
      prompt: 'Do {{what}} to {{path}}',
      each: { kind: 'rows', rows: [{ path: 'a.ts', what: 'this', count: '3', urgent: 'true' }] },
      model: 'openai:gpt-5',
      fallback: ['openai:gpt-5-mini', 'ollama:qwen3'],
      system: 'Be brief.',
      skills: ['/jobs/skills', '/opt/skills'],
      tools: ['coding-agent', pathToFileURL('/jobs/tools.mjs').href],
      maxTurns: 0,
      concurrency: 32,
      modelOptions: { temperature: 0 },
      timeoutMs: 60_000,
      include: ['src'],
      exclude: ['dist', '*.snap'],
    });
  });
});

describe('a job file that is wrong', () => {
  const wrong: readonly [what: string, yaml: string, says: string][] = [
    ['nothing', '', 'it must hold keys and values; it is empty.'],
    ['a list', '- a', 'it must hold keys and values; it is ["a"].'],
    ['no name', LEAST.replace('name: tidy', ''), 'name is missing.'],
    ['a name for no file', LEAST.replace('tidy', '../x'), 'name names files'],
    [
      'an empty prompt',
      LEAST.replace('Tidy {{path}}.', '" "'),
      'prompt must be text that is not empty; it is " ".',
    ],
    ['a typo', LEAST.replace('prompt', 'promt'), 'unknown key "promt"; did you mean "prompt"?'],
    [
      'a typo in what may be left out',
      `${LEAST}concurency: 3`,
      'unknown key "concurency"; did you mean "concurrency"?',
    ],
    ['a key of nobody', `${LEAST}zzz: 3`, 'unknown key "zzz"; known are name, prompt, each, model'],
    [
      'a typo in each',
      LEAST.replace('files', 'fils'),
      'each has the unknown key "fils"; did you mean "files"?',
    ],
    ['two kinds of items', LEAST.replace(' }', ', dirs: "*" }'), 'each must hold exactly one of files'],
    ['no kind of items', LEAST.replace('files: "**/*.ts"', ''), 'each must hold exactly one of files'],
    [
      'globs that only leave out',
      LEAST.replace('"**/*.ts"', '"!x"'),
      'each.files needs at least one glob without "!"; it is "!x".',
    ],
    [
      'no rows',
      LEAST.replace('files: "**/*.ts"', 'rows: []'),
      'each.rows must be a list of mappings, at least one; it is [].',
    ],
    [
      'a row that is text',
      LEAST.replace('files: "**/*.ts"', 'rows: [a]'),
      'each.rows[0] must be a mapping of keys to values; it is "a".',
    ],
    [
      'a cell that is a list',
      LEAST.replace('files: "**/*.ts"', 'rows: [{ a: [] }]'),
      'each.rows[0].a must be text, a number, true or false; it is [].',
    ],
    [
      'no session at a time',
      `${LEAST}concurrency: 0`,
      'concurrency must be a whole number from 1 to 1024; it is 0.',
    ],
    ['half a turn', `${LEAST}maxTurns: 1.5`, 'maxTurns must be a whole number of at least 0; it is 1.5.'],
    [
      'time as text',
      `${LEAST}timeoutMs: 5s`,
      'timeoutMs must be a whole number from 1 to 2147483647; it is "5s".',
    ],
    [
      'model options as a list',
      `${LEAST}modelOptions: []`,
      'modelOptions must be a mapping of keys to values; it is [].',
    ],
    ['no skills', `${LEAST}skills: []`, 'skills must be text or a list of texts; it is [].'],
  ];

  it.each(wrong)('with %s is refused by its name and what is wrong', (_, yaml, says) => {
    const error = errorOf(() => parseJob(yaml, 'jobs/tidy.yaml'));
    expect(error).toBeInstanceOf(ConfigFileError);
    expect(error).toMatchObject({ code: 'invalid_job' });
    expect(error.message).toContain(`Job file jobs/tidy.yaml: ${says}`);
  });

  it('is refused with the line where it is no YAML', () => {
    const error = errorOf(() => parseJob('name: [x\n', 'tidy.yaml'));
    expect(error).toMatchObject({ code: 'invalid_yaml' });
    expect(error.message).toContain('line 2');
  });
});

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScript } from '../../src/model/scripted/parse-script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { stream, withModel } from './scripted-client.ts';

function problemOf(yaml: string): string {
  try {
    parseScript(yaml, 'model.yaml');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return 'none';
}

function problemOfRule(...lines: string[]): string {
  return problemOf(['rules:', '  - answer: { text: first }', ...lines.map((line) => `  ${line}`)].join('\n'));
}

describe('a script with a mistake', () => {
  it.each([
    ['a misspelt key', ['- anwser: { text: x }'], 'rules[1].anwser is unknown; did you mean "answer"?'],
    [
      'a misspelt key further in',
      ['- match: { usr: x }', '  answer: {}'],
      'rules[1].match.usr is unknown; did you mean "user"?',
    ],
    [
      'a misspelt key in a list',
      ['- answer: { calls: [{ name: a, argument: {} }] }'],
      'rules[1].answer.calls[0].argument is unknown; did you mean "arguments"?',
    ],
    [
      'a misspelt key of a pattern',
      ['- match: { user: { pattern: x, flag: i } }', '  answer: {}'],
      'rules[1].match.user.flag is unknown; did you mean "flags"?',
    ],
    [
      'a key that is like no other',
      ['- fault: { zzzzzz: 1 }'],
      'rules[1].fault.zzzzzz is unknown; known are status,',
    ],
    [
      'a value of the wrong kind',
      ['- answer: { text: [1] }'],
      'rules[1].answer.text must be text; it is [1]',
    ],
    [
      'a number that is too small',
      ['- times: -1', '  answer: {}'],
      'rules[1].times must be at least 0; it is -1',
    ],
    [
      'a wait that no timer can take',
      ['- answer: { delay: { firstMs: 3000000000 } }'],
      'rules[1].answer.delay.firstMs must be at most 2147483647; it is 3000000000',
    ],
    [
      'a choice that is none',
      ['- match: { lastRole: tools }', '  answer: {}'],
      'rules[1].match.lastRole must be user or assistant or tool or system or developer; it is "tools"',
    ],
    ['a missing value', ['- rewrite: { pattern: x }'], 'rules[1].rewrite.replacement is missing'],
    ['a rule without an answer', ['- times: 1'], 'rules[1] needs an answer, a rewrite or a fault'],
    [
      'an otherwise without a rewrite',
      ['- answer: {}', '  otherwise: x'],
      'rules[1].otherwise needs a rewrite beside it',
    ],
    [
      'two ways to fail at once',
      ['- fault: { html: true, stall: 3 }'],
      'rules[1].fault can fail in one way only; it has html and stall',
    ],
    ['no way to fail', ['- fault: {}'], 'rules[1].fault says no way to fail'],
    [
      'a Retry-After without a status',
      ['- fault: { html: true, retryAfter: 3 }'],
      'rules[1].fault.retryAfter needs a status beside it',
    ],
    [
      'a broken regular expression',
      ['- match: { user: "(" }', '  answer: {}'],
      'rules[1].match (user) is no regular expression: Invalid regular expression',
    ],
    [
      'a flag that remembers',
      ['- match: { last: { pattern: x, flags: g } }', '  answer: {}'],
      'rules[1].match (last) does not take the flags g and y',
    ],
    [
      'a broken pattern of a rewrite',
      ['- rewrite: { pattern: "[", replacement: x }'],
      'rules[1].rewrite (pattern) is no regular expression',
    ],
    [
      'a value that no pattern gives',
      ['- match: { user: "(?<name>x)" }', '  answer: { text: "{{nam}}" }'],
      'rules[1].answer uses {{nam}}, which is no value; did you mean "name"? (\\{{nam}} means the braces)',
    ],
    [
      'such a value in the arguments of a call',
      ['- answer: { calls: [{ name: a, arguments: { list: ["{{file}}"] } }] }'],
      'rules[1].answer uses {{file}}, which is no value; known are turn, last, user, model, changes',
    ],
  ])('says %s', (_, lines, problem) => {
    expect(problemOfRule(...lines)).toContain(`invalid_script: Model script model.yaml: ${problem}`);
  });

  it.each([
    [
      'limits: { requestPerMinute: 3 }',
      'limits.requestPerMinute is unknown; did you mean "requestsPerMinute"?',
    ],
    ['limits: { requestsPerMinute: 0 }', 'limits.requestsPerMinute must be at least 1; it is 0'],
    ['limits: { window: rolling }', 'limits.window must be sliding or fixed or bucket; it is "rolling"'],
    ['cache: { blockTokens: 0.5 }', 'cache.blockTokens must be a whole number; it is 0.5'],
    ['prices: { input: 1 }', 'prices.output is missing'],
    ['storm: [{ fromMs: 0, toMs: 9, fault: {} }]', 'storm[0].fault says no way to fail'],
    [
      'storm: [{ fromMs: 9, toMs: 9, fault: { html: true } }]',
      'storm[0].toMs must be more than fromMs; it is 9',
    ],
    [
      'storm: [{ fromMs: 0, toMs: 9, share: 2, fault: { html: true } }]',
      'storm[0].share must be at most 1; it is 2',
    ],
  ])('says what is wrong beside the rules: %s', (line, problem) => {
    expect(problemOf(`rules: []\n${line}`)).toBe(`invalid_script: Model script model.yaml: ${problem}.`);
  });

  it('says a misspelt "rules" rather than that it is missing', () => {
    expect(problemOf('ruls: []')).toContain('ruls is unknown; did you mean "rules"?');
  });

  it.each([
    ['nothing', ''],
    ['a list', '- answer: {}'],
    ['a word', 'rules'],
  ])('refuses %s for a script', (_, yaml) => {
    expect(problemOf(yaml)).toMatch(
      /^invalid_script: Model script model\.yaml: the script must be a mapping/,
    );
  });

  it('refuses what is no YAML', () => {
    expect(problemOf('rules: [')).toMatch(/^invalid_yaml: model\.yaml is not valid YAML at line/);
  });

  it('refuses a script object alike', async () => {
    const script = { rules: [{ answer: { txt: 'x' } }] } as unknown as Parameters<
      typeof startScriptedModel
    >[0];
    await expect(startScriptedModel(script)).rejects.toMatchObject({
      code: 'invalid_script',
      message: 'Model script (object): rules[0].answer.txt is unknown; did you mean "text"?.',
    });
  });
});

describe('a script file', () => {
  it('is read from its path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skein-script-'));
    try {
      const path = join(directory, 'model.yaml');
      await writeFile(path, 'rules:\n  - answer: { text: from a file }\n');
      const text = await withModel(path, async (server) => (await stream(server, 'hi')).text);
      expect(text).toBe('from a file');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('that is not there is said to be unreadable', async () => {
    await expect(startScriptedModel('/no/such/model.yaml')).rejects.toMatchObject({
      code: 'script_unreadable',
      message: expect.stringContaining('/no/such/model.yaml cannot be read') as string,
    });
  });
});

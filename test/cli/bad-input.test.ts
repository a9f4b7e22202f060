import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { FIX_SCRIPT, folder, skein } from './run-cli.ts';

const JOB = 'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\n';
let here: ReturnType<typeof folder>;
beforeAll(() => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'fix.yaml': FIX_SCRIPT,
    'script-typo.yaml': 'rulez: []\n',
    'job.yaml': JOB,
    'fallback.yaml': `${JOB}fallback: nobody:x\n`,
    'typo.yaml': JOB.replace('prompt', 'promtp'),
    'column.yaml': JOB.replace('{{path}}', '{{paht}}'),
    'glob.yaml': JOB.replace('*.ts', '*.tsx'),
    'broken.yaml': 'name: [x\n',
    'big.txt': 'x'.repeat(4 * 1024 * 1024 + 1),
    'tool.yaml': `${JOB}tools: [coding-agnet]\n`,
  });
  execFileSync('mkfifo', [join(here.path, 'pipe')]);
});
afterAll(() => here.remove());

const FIX = ['--model', 'scripted:fix.yaml'];

describe('a command that is called wrongly', () => {
  it.each<[what: string, args: string[], code: string, says: string]>([
    ['an unknown provider', ['run', 'x', '--model', 'nobody:x'], 'unknown_provider', 'no provider "nobody"'],
    [
      'an unknown provider of a fallback',
      ['run', 'x', '--fallback', 'nobody:x', ...FIX],
      'unknown_provider',
      'no provider "nobody"',
    ],
    [
      'the same in a batch',
      ['batch', 'job.yaml', '--fallback', 'nobody:x', ...FIX],
      'unknown_provider',
      'no provider "nobody"',
    ],
    ['the same in a job', ['batch', 'fallback.yaml', ...FIX], 'unknown_provider', 'no provider "nobody"'],
    ['a model without provider', ['run', 'x', '--model', 'gpt'], 'invalid_option', 'expected provider:name'],
    ['a missing key', ['run', 'x', '--model', 'openrouter:x'], 'missing_key', 'OPENROUTER_API_KEY'],
    [
      'a missing key, in a batch',
      ['batch', 'job.yaml', '--model', 'openai:x'],
      'missing_key',
      'OPENAI_API_KEY',
    ],
    [
      'a provider without address',
      ['run', 'x', '--provider', 'me', '--model', 'me:x'],
      'usage',
      'expected name=baseURL, but was given "me"',
    ],
    [
      'an address that is none',
      ['run', 'x', '--provider', 'me=ftp://x', '--model', 'me:x'],
      'invalid_option',
      'expected an http or https URL',
    ],
    [
      'a quirk that is none',
      ['run', 'x', '--provider', 'me=http://x,lenientend=true', '--model', 'me:x'],
      'invalid_option',
      'Did you mean providers.me.quirks.lenientEnd?',
    ],
    [
      'a protocol that is none',
      ['batch', 'job.yaml', '--provider', 'me=http://x,api=soap', '--model', 'me:x'],
      'invalid_option',
      'expected one of chat, responses',
    ],
    [
      'a provider, twice',
      ['run', 'x', '--provider', 'me=http://x', '--provider', 'me,api=chat', '--model', 'me:x'],
      'usage',
      '"me" is given twice',
    ],
    ['an empty prompt', ['run', ' '], 'usage', 'The prompt is empty'],
    ['nothing on standard input', ['run'], 'usage', 'The prompt is empty'],
    ['two places for the changes', ['run', 'x', '--write', '--patch', 'y'], 'usage', '--write and --patch'],
    [
      'a directory that is not there',
      ['run', 'x', ...FIX, '--dir', 'nowhere'],
      'base_unreadable',
      'cannot be read (ENOENT)',
    ],
    ['a directory that is a file', ['run', 'x', ...FIX, '--dir', 'job.yaml'], 'base_unreadable', 'is a file'],
    [
      'a file that is not there',
      ['run', 'x', ...FIX, '--file', 'nothing.ts'],
      'input_unreadable',
      'nothing.ts cannot be read (ENOENT)',
    ],
    [
      'a file outside of the directory',
      ['run', 'x', ...FIX, '--dir', 'src', '--file', 'job.yaml'],
      'input_unreadable',
      'is not in the directory',
    ],
    [
      'a directory for a file',
      ['run', 'x', ...FIX, '--file', '.'],
      'input_unreadable',
      'is a directory; give it as --dir',
    ],
    [
      'a pipe for a file',
      ['run', 'x', ...FIX, '--file', 'pipe'],
      'input_unreadable',
      'pipe is not a regular file',
    ],
    [
      'a file that is too large',
      ['run', 'x', ...FIX, '--file', 'big.txt'],
      'input_unreadable',
      'big.txt has 4194305 bytes; at most 4194304 (4 MiB)',
    ],
    [
      'a patch in a directory that is not there',
      ['run', 'x', ...FIX, '--patch', 'nowhere/x.patch'],
      'output_unwritable',
      'nowhere/x.patch (ENOENT)',
    ],
    [
      'a script that is not there',
      ['run', 'x', '--model', 'scripted:nothing.yaml'],
      'script_unreadable',
      'nothing.yaml',
    ],
    ['a typo in a script', ['model', 'script-typo.yaml'], 'invalid_script', 'did you mean "rules"?'],
    [
      'a job that is not there',
      ['batch', 'nothing.yaml'],
      'input_unreadable',
      'Job file nothing.yaml cannot be read (ENOENT)',
    ],
    [
      'a job that is no YAML',
      ['batch', 'broken.yaml'],
      'invalid_yaml',
      'broken.yaml is not valid YAML at line 2',
    ],
    [
      'a typo in a job',
      ['batch', 'typo.yaml'],
      'invalid_job',
      'Job file typo.yaml: unknown key "promtp"; did you mean "prompt"?',
    ],
    [
      'a column that is not there',
      ['batch', 'column.yaml', ...FIX],
      'invalid_job',
      '{{paht}} names no column of its items; did you mean {{path}}?',
    ],
    [
      'a glob that matches nothing',
      ['batch', 'glob.yaml', ...FIX],
      'no_match',
      'each.files "src/*.tsx" matches none of the',
    ],
    ['a tool that is not there', ['batch', 'tool.yaml', ...FIX], 'unknown_preset', 'coding-agent'],
    [
      'an output directory that is not empty',
      ['batch', 'job.yaml', ...FIX, '--out', 'src'],
      'output_exists',
      'is not empty',
    ],
    [
      'an output directory that cannot be',
      ['batch', 'job.yaml', ...FIX, '--out', 'job.yaml/x'],
      'output_unwritable',
      'ENOTDIR',
    ],
  ])('with %s says so in one line, with its code, and ends with 2', async (_, args, code, says) => {
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toMatch(new RegExp(`^skein: .* \\[${code}\\]\\n$`));
    expect(result.stderr).toContain(says);
    expect(result.exitCode).toBe(2);
    expect(existsSync(join(here.path, '.skein'))).toBe(false);
  });

  it.each([
    [['frob'], "unknown command 'frob'"],
    [['run', 'x', '--modle', 'y'], 'Did you mean --model?'],
    [['run', 'x', '--max-turns', '-1'], 'Expected a whole number of at least 0.'],
    [['batch', 'job.yaml', '-c', '1025'], 'Expected a whole number from 1 to 1024.'],
    [['batch'], "missing required argument 'job'"],
    [['model', 'fix.yaml', '--port', '70000'], 'Expected a whole number from 0 to 65535.'],
  ])('as in %j says what is expected and ends with 2', async (args, says) => {
    const result = await skein(args, { cwd: here.path });
    expect(result.stderr).toContain(says);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('a port that is in use', () => {
  it('is an error that says how to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const result = await skein(['model', 'fix.yaml', '--port', String(port)], { cwd: here.path });
      expect(result.stderr).toMatch(/^skein: .*EADDRINUSE.* Choose another one with --port\. \[usage\]\n$/);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    } finally {
      server.close();
    }
  });
});

describe('a model that cannot answer', () => {
  it('that is not there ends the session with its address, and the process with 1', async () => {
    const args = ['run', 'x', '--provider', 'me=http://127.0.0.1:9/v1', '--model', 'me:x'];
    const result = await skein(args, { cwd: here.path });
    expect(result.stdout.trimEnd().split('\n').at(-1)).toMatch(
      /"session.ended","exit":1,"stopReason":"model-error".*ECONNREFUSED/,
    );
    expect(result.exitCode).toBe(1);
  });

  it('and repeats the key in its error does not get it onto the screen', async () => {
    const echo = folder({ 'echo.yaml': 'rules: [{ fault: { echoKey: true } }]\n' });
    const answers: string[] = [];
    let address = '';
    try {
      await skein(['model', 'echo.yaml'], {
        cwd: echo.path,
        onOutput: ({ stdout }, child) => {
          if (address !== '') return;
          address = /"baseURL":"([^"]*)"/.exec(stdout)?.[1] ?? '';
          const args = ['run', 'x', '--provider', `me=${address}`, '--model', 'me:x'];
          const env = { ME_API_KEY: 'sk-canary-0123456789abcdef' };
          void skein(args, { cwd: here.path, env }).then((result) => {
            answers.push(result.stdout + result.stderr);
            child.kill('SIGTERM');
          });
        },
      });
    } finally {
      echo.remove();
    }
    expect(answers).toHaveLength(1);
    expect(answers[0]).toContain('"stopReason":"model-error"');
    expect(answers[0]).toContain('401');
    expect(answers[0]).not.toContain('canary');
  });
});

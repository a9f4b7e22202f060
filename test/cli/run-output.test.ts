import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GIF, PNG } from '../fixtures/images.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { folder, recordsOf, skein, type CliOptions, type CliResult } from './run-cli.ts';

const SCHEMA = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
  additionalProperties: false,
};
const MODEL = `
rules:
  - match: { user: '^Your answer is not the JSON' }
    answer: { text: '{"count":3}' }
  - match: { user: '^never' }
    answer: { text: I do not know. }
  - match: { images: 2 }
    answer: { text: 'two images: {{user}}' }
  - match: { user: '^write', turn: 0 }
    answer: { text: First I write., calls: [{ name: write, arguments: { path: new.txt, content: "x\\n" } }] }
  - match: { user: '^first wrong' }
    answer: { text: three }
  - match: { schema: true }
    answer: { text: '{"count": 2}' }
  - answer: { text: no schema }
`;

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'a.txt': 'a\n',
    'model.yaml': MODEL,
    'schema.json': JSON.stringify(SCHEMA),
    'schema.yaml': 'type: object\nrequired: [count]\n',
    'broken.json': '{"type": "text"}',
    'half.json': '{"type": ',
  });
  writeFileSync(join(here.path, 'shot.png'), PNG);
  writeFileSync(join(here.path, 'b.gif'), GIF);
});
afterEach(() => here.remove());

function run(prompt: string, ...args: readonly string[]): Promise<CliResult> {
  return skein(['run', prompt, '--model', 'scripted:model.yaml', ...args], { cwd: here.path });
}

describe('skein run --schema', () => {
  it('prints the value and nothing else, in one line where it is no terminal', async () => {
    const result = await run('count', '--schema', 'schema.json');
    expect(result).toMatchObject({ exitCode: 0, stdout: '{"count":2}\n' });
    expect(result.stderr).toContain('✔ 1 turn');
    expect((await run('count', '--schema', 'schema.yaml')).stdout).toBe('{"count":2}\n');
  });

  it('tells what the tools do, what was wrong, and the changes elsewhere', async () => {
    const written = await run('write', '--schema', 'schema.json');
    expect(written.stdout).toBe('{"count":2}\n');
    expect(written.stderr).toContain('→ write new.txt');
    expect(written.stderr).toContain('+x');
    expect(written.stderr).toContain('1 file changed');
    const repaired = await run('first wrong', '--schema', 'schema.json');
    expect(repaired).toMatchObject({ exitCode: 0, stdout: '{"count":3}\n' });
    expect(repaired.stderr).toContain('the answer is not what was asked for; the model is told so');
  });

  it('has no colours in a pipe, under CI either, unless they are asked for', async () => {
    const args = ['run', 'count', '--model', 'scripted:model.yaml', '--schema', 'schema.json'];
    const plain = await skein(args, { cwd: here.path, env: { CI: 'true' } });
    expect(plain.stderr).not.toContain('\u001b');
    expect(plain.stderr).toContain('✔ 1 turn');
    const coloured = await skein(args, { cwd: here.path, env: { CI: 'true', FORCE_COLOR: '1' } });
    expect(coloured.stderr).toContain('\u001b[');
  });

  it('ends with 1 and prints no value where the answer is none; the answer is on stderr', async () => {
    writeFileSync(join(here.path, 'model.yaml'), 'rules: [{ answer: { text: I do not know. } }]');
    const result = await run('never', '--schema', 'schema.json');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('I do not know.\n');
    expect(result.stderr).toContain('✘ invalid-output');
    expect(result.stderr).toContain('the answer is not the value that was asked for');
  });

  it('has the value in the last record with --json', async () => {
    const records = recordsOf(await run('first wrong', '--schema', 'schema.json', '--json'));
    expect(records.map(({ type }) => type)).toContain('output.refused');
    expect(records.at(-1)).toMatchObject({ type: 'session.ended', output: { count: 3 }, turns: 2 });
    const plain = recordsOf(await run('count'));
    expect(plain.at(-1)).not.toHaveProperty('output');
  });

  it.each([
    ['a file that is not there', 'none.json', /Schema file none\.json cannot be read \(ENOENT\)/],
    ['one that is no schema', 'a.txt', /Schema file a\.txt: schema: expected a JSON Schema object/],
    ['one that cannot be used', 'broken.json', /Schema file broken\.json: schema\.type: expected one of/],
    ['one that is cut off', 'half.json', /half\.json/],
  ])('is refused with 2 before anything is asked: %s', async (_, file, reason) => {
    const result = await run('count', '--schema', file);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(reason);
  });
});

describe('skein run --image', () => {
  it('takes one that is larger than a session may write', async () => {
    writeFileSync(join(here.path, 'large.png'), Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024)]));
    const result = await run('compare', '--image', 'large.png', '--image', 'b.gif');
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 0, reply: 'two images: compare' });
  });

  it('sends images with the prompt', async () => {
    const result = await run('compare', '--image', 'shot.png', '-i', 'b.gif');
    expect(recordsOf(result).at(-1)).toMatchObject({ exit: 0, reply: 'two images: compare' });
  });

  it('keeps them in the store, where show and export tell of them', async () => {
    const kept = ['--store', 'sqlite:kept.db', '--session', 's'];
    await run('compare', '--image', 'shot.png', '--image', 'b.gif', ...kept);
    const shown = await skein(['show', 's', '--store', 'sqlite:kept.db', '--json'], { cwd: here.path });
    const url = `data:image/png;base64,${PNG.toString('base64')}`;
    const isUser = (message: unknown): boolean => (message as { role?: string } | undefined)?.role === 'user';
    const message = recordsOf(shown).find((record) => isUser(record['message']))?.['message'];
    expect(message).toMatchObject({
      content: [{ type: 'text', text: 'compare' }, { type: 'image_url', image_url: { url } }, {}],
    });
    await skein(['export', 's', '--store', 'sqlite:kept.db', '--out', 'out'], { cwd: here.path });
    expect(readFileSync(join(here.path, 'out/messages.json'), 'utf8')).toContain(url);
  });

  it.each([
    ['a file that is not there', 'none.png', /File none\.png cannot be read \(ENOENT\)/],
    ['a directory', '.', /File \. is a directory/],
    ['what is no image', 'a.txt', /File a\.txt is no PNG, JPEG, GIF or WebP image/],
  ])('is refused with 2: %s', async (_, file, reason) => {
    const result = await run('compare', '--image', file);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(reason);
  });
});

describe('skein batch, with a schema', () => {
  const job = (schema: string, prompt = 'count {{path}}'): string =>
    `name: counts\nprompt: ${prompt}\neach: { files: '*.txt' }\nmodel: scripted:model.yaml\nschema: ${schema}\n`;

  it.each([
    ['in a file', 'schema.json'],
    ['in the job', '{ type: object, required: [count] }'],
  ])('has the value of each item in report, records and page: %s', async (_, schema) => {
    writeFileSync(join(here.path, 'job.yaml'), job(schema));
    const result = await skein(['batch', 'job.yaml', '--out', 'out'], { cwd: here.path });
    const ended = recordsOf(result).find(({ type }) => type === 'session.ended');
    expect(ended).toMatchObject({ item: 'a.txt', status: 'done', output: { count: 2 } });
    const report = JSON.parse(readFileSync(join(here.path, 'out/report.json'), 'utf8')) as {
      items: object[];
    };
    expect(report.items).toMatchObject([{ id: 'a.txt', output: { count: 2 } }]);
    const page = readFileSync(join(here.path, 'out/report.html'), 'utf8');
    expect(page).toContain('<pre class="reply">{\n  &quot;count&quot;: 2\n}</pre>');
    expect(result.exitCode).toBe(0);
  });

  it('goes on with an item whose answer was being mended when the process was killed', async () => {
    writeFileSync(
      join(here.path, 'job.yaml'),
      job('schema.json', 'first wrong').replace('scripted:model.yaml', 'me:any'),
    );
    const silent = await startScriptedModel({
      rules: [
        { match: { user: '^Your answer' }, answer: { text: '' }, fault: { pingOnly: true } },
        { answer: { text: 'three' } },
      ],
    });
    const batch = (
      baseURL: string,
      args: readonly string[],
      options: Partial<CliOptions> = {},
    ): Promise<CliResult> =>
      skein(['batch', 'job.yaml', '--provider', `me=${baseURL}`, ...args], { cwd: here.path, ...options });
    const killed = await batch(silent.baseURL, ['--out', 'out'], {
      onOutput: ({ stdout }, child) => {
        if (stdout.includes('"output.refused"')) child.kill('SIGKILL');
      },
    });
    await silent.close();
    expect(killed.exitCode).toBeNull();
    const server = await startScriptedModel({
      rules: [
        { match: { user: '^Your answer', schema: true }, answer: { text: '{"count":3}' } },
        { answer: { text: 'asked again from the start' } },
      ],
    });
    const resumed = await batch(server.baseURL, ['--resume', 'out']);
    await server.close();
    const ended = recordsOf(resumed).find(({ type }) => type === 'session.ended');
    expect(ended).toMatchObject({ item: 'a.txt', status: 'done', output: { count: 3 }, resumed: true });
    expect(server.requestCount).toBe(1);
  });

  it('has items fail whose answer is none', async () => {
    writeFileSync(join(here.path, 'model.yaml'), 'rules: [{ answer: { text: I do not know. } }]');
    writeFileSync(join(here.path, 'job.yaml'), job('schema.json', 'never'));
    const result = await skein(['batch', 'job.yaml', '--out', 'out'], { cwd: here.path });
    const records = recordsOf(result);
    expect(records.map(({ type }) => type)).toContain('output.refused');
    const ended = records.find(({ type }) => type === 'session.ended');
    expect(ended).toMatchObject({ status: 'failed', stopReason: 'invalid-output', reply: 'I do not know.' });
    expect(ended).not.toHaveProperty('output');
    expect(result.exitCode).toBe(1);
  });

  it.each([
    [
      'a schema that cannot be used',
      '{ type: text }',
      /schema cannot be used: schema\.type: expected one of/,
    ],
    ['a file that is not there', 'none.json', /none\.json cannot be read \(ENOENT\)/],
    ['a list', '[a]', /schema must be a mapping/],
  ])('is refused with 2: %s', async (_, schema, reason) => {
    writeFileSync(join(here.path, 'job.yaml'), job(schema));
    const result = await skein(['batch', 'job.yaml', '--out', 'out'], { cwd: here.path });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(reason);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIX_SCRIPT, folder, MAIN } from './run-cli.ts';

/** Of util-linux: gives a command a real pseudo-terminal. */
const SCRIPT = 'script';
const hasTerminal = spawnSync(SCRIPT, ['--version']).status === 0;

// Every delta is one piece of a sequence, so that none is whole when it arrives.
const HOSTILE = FIX_SCRIPT.replace(
  'text: Done.',
  `text: "a\\e [31 mred\\e ]0;ow ned\\a b\\e]52;c; eA==\\e \\\\ c\\u202e d\\re\\x9b2Jf\\n", chunks: 40`,
);

let here: ReturnType<typeof folder>;
beforeEach(() => {
  here = folder({
    'src/a.ts': 'const a = 1;\n',
    'src/b.ts': 'const b = 1; // \u001b[31mred\u001b]0;owned\u0007\n',
    'fix.yaml': HOSTILE,
    'job.yaml': 'name: lets\nprompt: Fix {{path}}\neach: { files: "src/*.ts" }\nmodel: scripted:fix.yaml\n',
  });
});
afterEach(() => here.remove());

describe.skipIf(!hasTerminal)('on a terminal', () => {
  it('a run shows the text, the calls and the diff, and no control byte of anybody else', () => {
    const screen = onTerminal(['run', "'Fix src/b.ts'", '--model', 'scripted:fix.yaml'], { NO_COLOR: '1' });
    expect(screen).toContain('→ read src/b.ts');
    expect(screen).toContain('-const b = 1; // red\n+let b = 1; // red\n');
    expect(screen).toContain('1 file changed, +1 -1');
    expect(screen).toContain('no language model was used');
    expect(screen).not.toMatch(/(?!\n)\p{Cc}|[\u202a-\u202e]/u);
  });

  it('a run has colours of its own', () => {
    const screen = onTerminal(['run', "'Fix src/b.ts'", '--model', 'scripted:fix.yaml'], {});
    expect(screen).toContain('\u001b[32m+let b = 1; // red\u001b[39m');
    // SGR sequences and nothing else.
    expect(screen.replace(/\p{Cc}\[\d+m/gu, '')).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it('a batch shows how far it is, and at the end the diff summary and where the report is', () => {
    const screen = onTerminal(['batch', 'job.yaml'], { NO_COLOR: '1' });
    expect(screen).toMatch(/\d\/2\n/);
    expect(screen).toContain('  M src/a.ts  +1 -1 ');
    expect(screen).toMatch(/✔ 2 of 2 items done in .* tokens · cost unknown\n/);
    expect(screen).toMatch(/report \.skein\/lets-.*\/report\.html\n/);
    expect(screen).not.toContain('owned');
  });

  it('says what was spent, and how a batch that its budget stopped goes on', () => {
    writeFileSync(
      join(here.path, 'prices.yaml'),
      "'scripted:*': { inputPerMillion: 0, outputPerMillion: 0 }\n",
    );
    const prices = ['--prices', 'prices.yaml'];
    const run = onTerminal(['run', "'Fix src/b.ts'", '--model', 'scripted:fix.yaml', ...prices], {
      NO_COLOR: '1',
    });
    expect(run).toMatch(/✔ 3 turns · [\d,]+ tokens · \$0\.00 · /);
    const batch = onTerminal(['batch', 'job.yaml', '-o', 'out', '--budget-turns', '2', ...prices], {
      NO_COLOR: '1',
    });
    expect(batch).toMatch(/✘ \d of 2 items done in .* tokens · \$0\.00\n/);
    expect(batch).toMatch(
      /stopped: no more may be spent: The budget of group "batch" is reached: \d of 2 turns\./,
    );
    expect(batch).toContain('To run what is not done, with a higher budget (--budget-usd and the like):');
    expect(batch).toContain('skein batch job.yaml --resume out --prices prices.yaml');
  });

  it('a batch that writes names the files that it left out', () => {
    writeFileSync(
      join(here.path, 'rows.yaml'),
      'name: rows\nprompt: "{{what}}"\nmodel: scripted:write.yaml\n' +
        'each: { rows: [{ what: src/a.ts x }, { what: src/a.ts y }, { what: new.ts z }] }\n',
    );
    writeFileSync(
      join(here.path, 'write.yaml'),
      `rules:
  - match: { turn: 0, user: '^(?<path>\\S+) (?<text>\\S+)' }
    answer: { calls: [{ name: write, arguments: { path: '{{path}}', content: '{{text}}' } }] }
  - answer: { text: Done. }
`,
    );
    const screen = onTerminal(['batch', 'rows.yaml', '--write'], { NO_COLOR: '1' });
    expect(screen).toMatch(/✘ 3 of 3 items done .* 1 in conflict/);
    expect(screen).toContain(
      'The changes were written to the files.\n  What is in conflict was not written: src/a.ts.\n',
    );
  });

  it('a run whose patch can be saved nowhere shows it once', () => {
    mkdirSync(join(here.path, 'taken'));
    writeFileSync(join(here.path, '.skein'), '');
    const args = ['run', "'Fix src/a.ts'", '--model', 'scripted:fix.yaml', '--patch', 'taken'];
    const screen = onTerminal(args, { NO_COLOR: '1' });
    expect(screen).toContain('The patch cannot be written to taken');
    expect(screen.split('+let a = 1;')).toHaveLength(2);
  });

  it('a run that is to give a value prints it, readable, with what is not printable spelt out', () => {
    writeFileSync(join(here.path, 'schema.json'), '{"type":"object"}');
    const reply = JSON.stringify({ a: [1, 'x'], b: '\u009b2J\u202e\u007f\ud83d\ude00' });
    writeFileSync(join(here.path, 'value.yaml'), JSON.stringify({ rules: [{ answer: { text: reply } }] }));
    const args = ['run', 'x', '--model', 'scripted:value.yaml', '--schema', 'schema.json'];
    const screen = onTerminal(args, { NO_COLOR: '1' });
    const spelt = '"b": "\\u009b2J\\u202e\\u007f\ud83d\ude00"';
    expect(screen).toContain(`\n{\n  "a": [\n    1,\n    "x"\n  ],\n  ${spelt}\n}\n`);
    expect(screen.split('"a"')).toHaveLength(2);
  });

  it('a batch on a dumb terminal is told in lines', () => {
    const screen = onTerminal(['batch', 'job.yaml'], { TERM: 'dumb' });
    expect(screen).toContain('lets: 2 of 2, 0 failed\n');
    expect(screen).not.toContain('\u001b');
  });

  it('records are all there is with --json', () => {
    const screen = onTerminal(['batch', 'job.yaml', '--json'], {});
    for (const line of screen.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

/** Everything that the command sends to its terminal. */
function onTerminal(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { CI: _, NO_COLOR: __, FORCE_COLOR: ___, ...ours } = process.env;
  // Without a size of its own it would have none, since there may be no terminal here.
  const command = `stty cols 100 rows 40; ${[process.execPath, MAIN, ...args].join(' ')}`;
  const { stdout } = spawnSync(SCRIPT, ['-qec', command, '/dev/null'], {
    cwd: here.path,
    env: { ...ours, TERM: 'xterm-256color', ...env },
    encoding: 'utf8',
    input: '',
  });
  return stdout.replaceAll('\r\n', '\n');
}

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = realpathSync(mkdtempSync(join(tmpdir(), 'skein-bash-package-')));
const modules = join(app, 'node_modules');

/** Runs a session with its tools; tells what became of it, one line of JSON. */
const PROGRAM = `
import { SessionPool, startScriptedModel } from 'skein';
const [isolation, ...tools] = process.argv.slice(2);
const server = await startScriptedModel({ rules: [
  { match: { turn: 0 }, answer: { calls: [{ name: tools.at(-1), arguments: tools.at(-1) === 'bash' ? { command: 'ls' } : {} }] } },
  { answer: { text: 'done' } },
] });
const pool = await SessionPool.open({ isolation, providers: { scripted: { baseURL: server.baseURL } } });
try {
  const session = await pool.start({ model: 'scripted:x', tools, files: { 'a.txt': 'text' } });
  const { stopReason } = await session.prompt('go');
  const told = session.messages().filter((message) => message.role === 'tool').map((message) => message.content);
  console.log(JSON.stringify({ stopReason, told }));
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }));
} finally {
  await pool.close({ deadlineMs: 0 });
  await server.close();
}
`;

function run(isolation: 'thread' | 'process', ...tools: readonly string[]): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ['main.mjs', isolation, ...tools], {
    cwd: app,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

function install(shell: 'none' | 'real' | 'broken'): void {
  const path = join(modules, 'just-bash');
  rmSync(path, { recursive: true, force: true });
  if (shell === 'real') cpSync(realpathSync('node_modules/just-bash'), path, { recursive: true });
  if (shell !== 'broken') return;
  mkdirSync(path);
  writeFileSync(join(path, 'package.json'), '{ "name": "just-bash", "exports": "./index.js" }');
  writeFileSync(join(path, 'index.js'), 'throw new Error("evaluated");');
}

/** As npm lays it out: skein and what it needs side by side. */
beforeAll(() => {
  mkdirSync(join(modules, 'skein'), { recursive: true });
  cpSync('package.json', join(modules, 'skein/package.json'));
  for (const part of ['src', 'workers']) {
    cpSync(join('dist', part), join(modules, 'skein/dist', part), { recursive: true });
  }
  for (const name of readdirSync('node_modules')) {
    if (name.startsWith('.') || name === 'just-bash' || name === 'skein') continue;
    symlinkSync(realpathSync(join('node_modules', name)), join(modules, name));
  }
  writeFileSync(join(app, 'main.mjs'), PROGRAM);
});
afterAll(() => rmSync(app, { recursive: true }));

describe('an installed skein', { timeout: 120_000 }, () => {
  const answered = (content: string): unknown => ({
    stopReason: 'end',
    told: [expect.stringContaining(content)],
  });

  it('without just-bash does all but bash, and says how to get that', () => {
    install('none');
    expect(run('thread', 'list')).toEqual(answered('a.txt'));
    expect(run('thread', 'bash')).toEqual({
      code: 'missing_package',
      message: 'Tool "bash" needs the package just-bash, which is not installed: npm install just-bash@3.4.2',
    });
  });

  it('tells a session that was kept until it was gone', () => {
    install('none');
    const script = `
      import { runBash } from './node_modules/skein/dist/src/tools/bash/run-bash.js';
      import { OverlayWorkspace } from './node_modules/skein/dist/src/workspace/overlay-workspace.js';
      const call = { workspace: new OverlayWorkspace(), signal: new AbortController().signal };
      await runBash('ls', call).catch(({ name, message }) => console.log(name, message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: app,
      encoding: 'utf8',
    });
    expect(stdout).toBe(
      'ToolFailure bash is not available here: its package is not installed. Use the other tools.\n',
    );
  });

  it('needs no types of it', () => {
    const declarations = readdirSync('dist/src', { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.d.ts'),
    );
    expect(declarations.length).toBeGreaterThan(100);
    const naming = declarations.filter((path) =>
      /(?:from|import\() ?['"]just-bash/.test(readFileSync(join('dist/src', path), 'utf8')),
    );
    expect(naming).toEqual([]);
  });

  it.each(['thread', 'process'] as const)('finds it beside itself (isolation: %s)', (isolation) => {
    install('real');
    expect(run(isolation, 'bash')).toEqual(answered('a.txt'));
  });

  it('evaluates it when bash is first called, and in no session that does not', () => {
    install('broken');
    expect(run('thread', 'coding-agent', 'list')).toEqual(answered('a.txt'));
    expect(run('thread', 'bash', 'coding-agent', 'list')).toEqual(answered('a.txt'));
    expect(run('thread', 'bash')).toEqual(answered('Error: evaluated'));
  });
});

import { readFileSync } from 'node:fs';
import { getCommandNames } from 'just-bash';
import { describe, expect, it } from 'vitest';
import { toolSources } from '../../src/pool/tool-sources.ts';
import { PROGRAMS } from '../../src/tools/bash/programs.ts';
import { runBash } from '../../src/tools/bash/run-bash.ts';
import { packageNeededBy } from '../../src/tools/optional-packages.ts';
import { MAX_OUTPUT_BYTES } from '../../src/tools/output.ts';
import { namedTools } from '../../src/tools/presets.ts';
import { runCall } from '../../src/tools/run-call.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import { DEFAULT_QUOTA, type WorkspaceQuota } from '../../src/workspace/workspace.ts';
import { contextOf } from './harness.ts';

const tools = new ToolSet(namedTools('bash', []));

class Shell {
  readonly workspace: OverlayWorkspace;

  constructor(files: Readonly<Record<string, string>> = {}, quota: Partial<WorkspaceQuota> = DEFAULT_QUOTA) {
    this.workspace = new OverlayWorkspace({ quota });
    for (const [path, text] of Object.entries(files)) this.workspace.writeText(path, text);
  }

  /** What the model is told; a script's failure is no error of the tool. */
  async run(command: string): Promise<string> {
    const call = { id: 'c1', name: 'bash', arguments: JSON.stringify({ command }) };
    const { content, isError } = await runCall(tools, call, contextOf(this.workspace));
    expect(isError).toBe(false);
    return content;
  }

  files(): Record<string, string> {
    return Object.fromEntries(
      this.workspace
        .list()
        .sort()
        .map((path) => [path, this.workspace.readText(path)]),
    );
  }
}

const project = {
  'README.md': '# one\n',
  'src/a.ts': 'const x = 1;\n',
  'src/deep/b.ts': '// x\n',
  'bin/cli': '#!\n',
};

describe('a script', () => {
  it.each([
    ['ls', 'README.md\nbin\nsrc'],
    ['cat src/a.ts', 'const x = 1;'],
    ['cat /src/a.ts', 'const x = 1;'],
    ['cd src && ls && pwd && cat ../README.md', 'a.ts\ndeep\n/src\n# one'],
    ['cd ../../.. && pwd', '/'],
    ['grep -rn x . | sort', 'src/a.ts:1:const x = 1;\nsrc/deep/b.ts:1:// x'],
    ["find . -name '*.ts' -type f | sort", './src/a.ts\n./src/deep/b.ts'],
    ["find src -name '*.ts' | xargs cat | wc -l", '2'],
    ['cat bin/*', '#!'],
    ['for f in src/*.ts; do echo "$f: $(wc -c < $f)"; done', 'src/a.ts: 13'],
    ["awk '{ print $2 }' README.md", 'one'],
    ['head -c 3 README.md | base64', 'IyBv'],
    ['cat <<EOF | tr a-z A-Z\n  keep\tthis\nEOF', '  KEEP\tTHIS'],
    ['diff src/a.ts src/a.ts && echo same', 'same'],
    ["echo '{\"a\":[1,2]}' | jq '.a[1]'", '2'],
    ['test -d src && test ! -e src/none && echo ok', 'ok'],
    ['true', '(no output)'],
    ['sleep 100000; echo at once', 'at once'],
    ['/bin/sh -c "echo hi"', 'hi'],
    ['echo a > /dev/null; echo b 2> /dev/null', 'b'],
  ])('%s', async (command, output) => {
    expect(await new Shell(project).run(command)).toBe(output);
  });

  it.each([
    ["sed -i 's/1/2/' src/a.ts", { 'src/a.ts': 'const x = 2;\n' }],
    ['mv src/a.ts src/c.ts', { 'src/a.ts': undefined, 'src/c.ts': 'const x = 1;\n' }],
    ['rm -r src', { 'src/a.ts': undefined, 'src/deep/b.ts': undefined }],
    ['cp -r src lib', { 'lib/a.ts': 'const x = 1;\n', 'lib/deep/b.ts': '// x\n' }],
    ['cp README.md src/a.ts', { 'src/a.ts': '# one\n' }],
    ['mv -f README.md src/a.ts', { 'README.md': undefined, 'src/a.ts': '# one\n' }],
    ['tac README.md > out && mv out README.md', {}],
    ['sed s/one/two/ README.md > /tmp/out && mv /tmp/out README.md', { 'README.md': '# two\n' }],
    [
      'cp src/a.ts lib; cp -r src/. lib2; cp -r src/. lib2',
      { lib: 'const x = 1;\n', 'lib2/a.ts': 'const x = 1;\n', 'lib2/deep/b.ts': '// x\n' },
    ],
    ['split -l 1 README.md part-', { 'part-aa': '# one\n' }],
    ['mv src/deep bin/', { 'src/deep/b.ts': undefined, 'bin/deep/b.ts': '// x\n' }],
    ['mkdir -p new/dir && echo hi > new/dir/f', { 'new/dir/f': 'hi\n' }],
    ['echo hi > not/yet/there', { 'not/yet/there': 'hi\n' }],
    ['echo two >> README.md', { 'README.md': '# one\ntwo\n' }],
    ['cat > poem.txt <<EOF\n  two  \n\tlines\nEOF', { 'poem.txt': '  two  \n\tlines\n' }],
    ['echo x | tee a b > /dev/null', { a: 'x\n', b: 'x\n' }],
    ['mkdir empty; chmod +x bin/cli; touch README.md', {}],
    ['echo a > /tmp/a; cp /tmp/a kept', { kept: 'a\n' }],
    ['sort -o README.md README.md; rm -rf /tmp', {}],
    [
      'rm -rf /*',
      { 'README.md': undefined, 'src/a.ts': undefined, 'src/deep/b.ts': undefined, 'bin/cli': undefined },
    ],
  ])('changes files: %s', async (command, changes: Readonly<Record<string, string | undefined>>) => {
    const shell = new Shell(project);
    expect(await shell.run(command)).toBe('(no output)');
    const expected = Object.entries({ ...project, ...changes }).filter(([, text]) => text !== undefined);
    expect(shell.files()).toEqual(Object.fromEntries(expected));
  });

  it.each([
    ["sed -i 's/a/b/' latin one", '62e92f0a'],
    ["sed -i.old 's/a/b/' latin", '62e92f0a'],
    ["find . -type f | xargs sed -i 's/none/x/'", '61e92f0a'],
    ["sed -i 's/a/é“/' latin", 'e9e2809ce92f0a'],
    ['sort -o latin latin', '61e92f0a'],
    ["sed -i 's/a/b/' latin; echo é > latin", 'c3a90a'],
    ['cat latin > copy; mv copy latin', '61e92f0a'],
  ])('keeps the bytes of a file that is not UTF-8: %s', async (command, hex) => {
    const shell = new Shell({ one: 'é\n' });
    shell.workspace.writeBytes('latin', Uint8Array.of(0x61, 0xe9, 0x2f, 0x0a));
    expect(await shell.run(command)).toBe('(no output)');
    expect(Buffer.from(shell.workspace.readBytes('latin')).toString('hex')).toBe(hex);
    expect(shell.workspace.readText('one')).toBe('é\n');
  });

  it('is told apart from its diagnostics and its exit code', async () => {
    const shell = new Shell(project);
    expect(await shell.run('echo out; ls none; exit 3')).toBe(
      'out\n[stderr]\nls: none: No such file or directory\n[exit code 3]',
    );
    expect(await shell.run('grep -q nothing README.md')).toBe('[exit code 1]');
    expect(await shell.run('echo "open')).toMatch(/^\[stderr\]\nbash: .*unexpected EOF.*\n\[exit code 2\]$/s);
  });

  it.each([
    'git status',
    'npm test',
    'node -e 1',
    'python3 -c 1',
    'curl http://x',
    'sqlite3 x',
    'tar cf x .',
    'js-exec -c 1',
  ])('has no %s, and says what there is', async (command) => {
    const name = command.split(' ')[0];
    expect(await new Shell(project).run(command)).toBe(
      `[stderr]\nbash: ${name}: command not found\n` +
        '[This shell has its own text tools only: no git, node, npm, python or network. See: help]\n[exit code 127]',
    );
  });

  it('starts anew each time: only files are kept', async () => {
    const shell = new Shell(project);
    await shell.run('X=1; export Y=2; cd src; f() { echo f; }; echo t > /tmp/t; mkdir made');
    expect(await shell.run('echo "[$X$Y]"; pwd; f; cat /tmp/t made')).toMatch(
      /^\[\]\n\/\n\[stderr\]\nbash: f: command not found\ncat: \/tmp\/t: No such file or directory\ncat: made: No such/,
    );
  });

  it('with much output shows its beginning, its diagnostics and its exit code', async () => {
    const shell = new Shell();
    const content = await shell.run('seq 1 9000; seq 1 9000 >&2; exit 4');
    expect(content).toMatch(/^1\n2\n/);
    expect(content).toContain('\n1800\n[stdout cut: 1800 of 9000 lines, 7893 of 43893 bytes shown.');
    expect(content).toContain('\n100\n[stderr cut: 100 of 9000 lines');
    expect(content).toMatch(/\n\[exit code 4\]$/);
    const wide = await shell.run('printf "%900000s" é; printf "%900000s" é >&2; false');
    expect(Buffer.byteLength(wide)).toBeLessThan(MAX_OUTPUT_BYTES);
    expect(wide).toMatch(/\n\[exit code 1\]$/);
  });

  it('that the workspace refuses is told why, and what it did before is kept', async () => {
    const quota = { maxFileBytes: 1_000, maxTotalBytes: 3_000 };
    const redirected = new Shell({}, quota);
    expect(await redirected.run('echo one > a; printf "%2000s" x > big; echo two > b')).toBe(
      "[stderr]\nbash: EFBIG: file too large, open '/big': the script was ended here, and what it had printed is lost\n" +
        '[Refused: "big" would have 2000 bytes; a file may have 1000.]\n[exit code 1]',
    );
    expect(redirected.files()).toEqual({ a: 'one\n', big: '' });
    const copied = new Shell({ f: 'x'.repeat(900) }, quota);
    const content = await copied.run('for n in 1 2 3 4; do cp f f$n || echo "no $n"; done');
    expect(content).toMatch(
      /^no 3\nno 4\n\[stderr\]\n.*ENOSPC.*\[Refused: "f3" would bring this session's files to/s,
    );
    expect(Object.keys(copied.files())).toEqual(['f', 'f1', 'f2']);
    expect(await copied.run('mkdir .git; ln -s f g')).toMatch(
      /\[Refused: Path "\/\.git" contains a \.git name.*\[Refused: The workspace holds files and directories only/s,
    );
  });

  it('that runs too long is ended, and keeps what it wrote', async () => {
    const { workspace } = new Shell();
    const result = await runBash('while true; do echo x >> log; done', {
      workspace,
      signal: new AbortController().signal,
      timeLimitMs: 60,
    });
    expect(result).toMatchObject({ exitCode: 124, stderr: expect.stringContaining('deadline (60ms)') });
    expect(workspace.readText('log')).toMatch(/^(x\n)+$/);
  });

  it('is ended by a cancel', async () => {
    const { workspace } = new Shell();
    const controller = new AbortController();
    const running = runBash('while true; do echo x >> log; done', { workspace, signal: controller.signal });
    while (!workspace.exists('log')) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect((await running).exitCode).not.toBe(0);
    const { size } = workspace.stat('log')!;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(workspace.stat('log')?.size).toBe(size);
  });
});

describe('the programs', () => {
  it('are ones that just-bash has, and none that reaches out of the thread', () => {
    const known = getCommandNames();
    expect(PROGRAMS.filter((name) => !known.includes(name))).toEqual([]);
    const left = known.filter((name) => !PROGRAMS.includes(name));
    expect(left.sort()).toEqual(['gunzip', 'gzip', 'html-to-markdown', 'sqlite3', 'tar', 'zcat']);
  });
});

describe('the package', () => {
  const { name, version } = packageNeededBy('bash')!;

  it('is the one of package.json', () => {
    const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly peerDependencies: Readonly<Record<string, string>>;
    };
    expect({ [name]: version }).toEqual(peerDependencies);
  });

  it('is asked for when a session names bash, and only then', () => {
    const asked: string[] = [];
    const nowhere = (name: string): undefined => void asked.push(name);
    expect(toolSources(['coding-agent', 'code'], [], nowhere).sources).toHaveLength(2);
    expect(asked).toEqual([]);
    expect(() => toolSources(['coding-agent', 'bash'], [], nowhere)).toThrow(
      expect.objectContaining({
        code: 'missing_package',
        message:
          'Tool "bash" needs the package just-bash, which is not installed: npm install just-bash@3.4.2',
      }),
    );
    expect(asked).toEqual(['just-bash']);
  });

  it('belongs to no preset', () => {
    for (const preset of ['coding-agent', 'code']) {
      expect(namedTools(preset, []).map((tool) => tool.name)).not.toContain('bash');
    }
  });
});

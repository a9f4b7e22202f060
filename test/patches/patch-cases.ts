import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Prng } from '../harness/shared/prng.ts';

/** Relative path → content. */
export type Tree = Readonly<Record<string, string>>;

export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

/** A directory for one program's run; contents are UTF-8. */
export class Scratch {
  readonly path: string = mkdtempSync(join(tmpdir(), 'skein-patches-'));
  #count = 0;

  /** A new directory with these files. */
  folder(tree: Tree): string {
    const folder = join(this.path, String(this.#count++));
    mkdirSync(folder);
    for (const [path, content] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return folder;
  }

  read(folder: string): Record<string, string> {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
    return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
  }

  /** What git makes of the files with the patch; undefined when it refuses. */
  gitApply(tree: Tree, patch: string): Record<string, string> | undefined {
    const folder = this.folder(tree);
    const run = spawnSync('git', ['apply', '--whitespace=nowarn'], {
      cwd: folder,
      env: this.#env(),
      input: patch,
    });
    const result = run.status === 0 ? this.read(folder) : undefined;
    rmSync(folder, { recursive: true });
    return result;
  }

  /** What GNU patch makes of the files, and what it says of the hunks; `files` is undefined when one failed. */
  gnuPatch(
    tree: Tree,
    patch: string,
  ): { readonly files: Record<string, string> | undefined; readonly reports: string[] } {
    const folder = this.folder(tree);
    const options = ['-p1', '--force', '--fuzz=2', '--no-backup-if-mismatch', '--reject-file=-'];
    const run = spawnSync('patch', options, {
      cwd: folder,
      env: this.#env(),
      input: patch,
      encoding: 'utf8',
    });
    const reports = run.stdout.match(/^Hunk #\d+ (?:succeeded|FAILED) at .*$/gm) ?? [];
    const files = run.status === 0 ? this.read(folder) : undefined;
    rmSync(folder, { recursive: true });
    return { files, reports: reports.map((line) => line.replace(' (different line endings)', '')) };
  }

  /** A patch from one tree to the other, made by git. */
  gitDiff(before: Tree, after: Tree, contextLines: number): string {
    const folder = this.folder({});
    for (const [side, tree] of Object.entries({ a: before, b: after })) {
      mkdirSync(join(folder, side));
      for (const [path, content] of Object.entries(tree)) writeFileSync(join(folder, side, path), content);
    }
    const args = ['diff', '--no-index', '--no-color', `-U${contextLines}`, '--no-prefix', 'a', 'b'];
    const { stdout } = spawnSync('git', args, { cwd: folder, env: this.#env(), encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    return stdout;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.path,
      GIT_CEILING_DIRECTORIES: this.path,
      GIT_CONFIG_NOSYSTEM: '1',
      LC_ALL: 'C',
    };
  }
}

const COMMON = ['}', '{', '', '  return x;', 'x', 'end'];

/** Lines without ends: some of them the same, so that a place can be mistaken for another. */
export function drawLines(prng: Prng, count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => (prng.chance(0.4) ? prng.pick(COMMON) : `${prefix} ${i}`));
}

/** A few lines replaced, added and removed. */
export function drawEdit(prng: Prng, lines: readonly string[], edits: number, prefix: string): string[] {
  const result = [...lines];
  for (let n = 0; n < edits; n++) {
    const at = prng.below(result.length + 1);
    const removed = prng.pick([0, 0, 1, 1, 2]);
    const added = drawLines(prng, prng.pick([0, 1, 1, 2, 3]), `${prefix}${n}`);
    result.splice(at, removed, ...added);
  }
  return result;
}

export function textOf(lines: readonly string[], isEnded = true): string {
  const text = lines.join('\n');
  return isEnded && lines.length > 0 ? `${text}\n` : text;
}

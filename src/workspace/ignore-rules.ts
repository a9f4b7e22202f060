import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import ignore from 'ignore';

interface IgnoreFile {
  /** Below the root: where the file lies. */
  readonly directory: string;
  /** From the file to the root, where it lies above: `packages/app/`. Else ''. */
  readonly prefix: string;
  readonly rules: ReturnType<typeof ignore>;
}

/** The `.gitignore` files that apply in a directory. Immutable: each directory that has its own extends its parent's. */
export class IgnoreRules {
  /** Innermost first, because the innermost file that has a say decides. */
  readonly #files: readonly IgnoreFile[];

  constructor(files: readonly IgnoreFile[] = []) {
    this.#files = files;
  }

  /**
   * The rules of the repository that `root` is in: those of the directories above it, from the one with `.git` down.
   * None when they would ignore the root itself: whoever names it wants it.
   */
  static async above(root: string): Promise<IgnoreRules> {
    const files: IgnoreFile[] = [];
    let prefix = '';
    for (let at = root; !(await exists(join(at, '.git')));) {
      const parent = dirname(at);
      if (parent === at) return new IgnoreRules();
      prefix = `${basename(at)}/${prefix}`;
      at = parent;
      const rules = await readRules(at);
      if (rules?.ignores(prefix)) return new IgnoreRules();
      if (rules) files.push({ directory: '', prefix, rules });
    }
    return new IgnoreRules(files);
  }

  /** These rules with those of `directory/.gitignore` before them; unchanged when that cannot be read. */
  async within(root: string, directory: string): Promise<IgnoreRules> {
    const rules = await readRules(join(root, directory));
    return rules ? new IgnoreRules([{ directory, prefix: '', rules }, ...this.#files]) : this;
  }

  /** Whether git would ignore a path whose parents it does not ignore. */
  ignores(path: string, isDirectory: boolean): boolean {
    for (const { directory, prefix, rules } of this.#files) {
      const relative = prefix + (directory === '' ? path : path.slice(directory.length + 1));
      const verdict = rules.test(isDirectory ? `${relative}/` : relative);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    return false;
  }
}

/** Undefined when there are none that can be read. */
async function readRules(directory: string): Promise<ReturnType<typeof ignore> | undefined> {
  try {
    return ignore({ ignorecase: false }).add(await readFile(join(directory, '.gitignore'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

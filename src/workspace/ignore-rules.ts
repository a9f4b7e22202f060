import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from 'ignore';

interface IgnoreFile {
  readonly directory: string;
  readonly rules: ReturnType<typeof ignore>;
}

/** The `.gitignore` files that apply in a directory. Immutable: each directory that has its own extends its parent's. */
export class IgnoreRules {
  /** Innermost first, because the innermost file that has a say decides. */
  readonly #files: readonly IgnoreFile[];

  constructor(files: readonly IgnoreFile[] = []) {
    this.#files = files;
  }

  /** These rules with those of `directory/.gitignore` before them; unchanged when that cannot be read. */
  async within(root: string, directory: string): Promise<IgnoreRules> {
    let text: string;
    try {
      text = await readFile(join(root, directory, '.gitignore'), 'utf8');
    } catch {
      return this;
    }
    return new IgnoreRules([{ directory, rules: ignore({ ignorecase: false }).add(text) }, ...this.#files]);
  }

  /** Whether git would ignore a path whose parents it does not ignore. */
  ignores(path: string, isDirectory: boolean): boolean {
    for (const { directory, rules } of this.#files) {
      const relative = directory === '' ? path : path.slice(directory.length + 1);
      const verdict = rules.test(isDirectory ? `${relative}/` : relative);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    return false;
  }
}

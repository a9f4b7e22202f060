import ignore from 'ignore';

type Matcher = ReturnType<typeof ignore>;

/** The rules of one text. A matcher remembers every path that it was asked for, so it is made anew after a while. */
interface RuleSet {
  readonly matcher: Matcher;
  asked: number;
}

interface IgnoreFile {
  /** Below the root: where the file lies. */
  readonly directory: string;
  /** From the file to the root, where it lies above: `packages/app/`. Else ''. */
  readonly prefix: string;
  readonly rules: RuleSet;
}

/** The `.gitignore` files that apply in a directory. Immutable: each directory that has its own extends its parent's. */
export class IgnoreRules {
  /** Innermost first, because the innermost file that has a say decides. */
  readonly #files: readonly IgnoreFile[];

  private constructor(files: readonly IgnoreFile[]) {
    this.#files = files;
  }

  static readonly none = new IgnoreRules([]);

  /** These rules with those of `directory/.gitignore` before them. */
  within(directory: string, text: string): IgnoreRules {
    return new IgnoreRules([{ directory, prefix: '', rules: ruleSet(text) }, ...this.#files]);
  }

  /**
   * These rules with those of a file above the root after them.
   * @param prefix  from that file to the root: `packages/app/`
   */
  below(prefix: string, text: string): IgnoreRules {
    return new IgnoreRules([...this.#files, { directory: '', prefix, rules: ruleSet(text) }]);
  }

  /** Whether git would ignore a path whose parents it does not ignore. */
  ignores(path: string, isDirectory: boolean): boolean {
    for (const { directory, prefix, rules } of this.#files) {
      const relative = prefix + (directory === '' ? path : path.slice(directory.length + 1));
      rules.asked++;
      const verdict = rules.matcher.test(isDirectory ? `${relative}/` : relative);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    return false;
  }
}

const MAX_CACHED = 64;
const MAX_ASKED = 500_000;

// By text: sessions over one base share what its rules say of its files, which takes 25 times as long to work out.
const cached = new Map<string, RuleSet>();

function ruleSet(text: string): RuleSet {
  const known = cached.get(text);
  if (known && known.asked < MAX_ASKED) return known;
  const rules = { matcher: ignore({ ignorecase: false }).add(text), asked: 0 };
  if (cached.size >= MAX_CACHED) cached.clear();
  cached.set(text, rules);
  return rules;
}

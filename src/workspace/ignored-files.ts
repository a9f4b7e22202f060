import { IgnoreRules } from './ignore-rules.ts';
import type { Workspace } from './workspace.ts';

/** A larger file of rules is not honoured: every path would have to be held against each of them. */
const MAX_RULE_BYTES = 64 * 1024;

/** What the `.gitignore` files in a workspace leave out. */
export interface IgnoredFiles {
  readonly file: (path: string) => boolean;
  readonly directory: (path: string) => boolean;
}

/**
 * Tells which files of a workspace the `.gitignore` files that lie in it leave out, as git would for files that it does not
 * track. Undefined when there is no such file.
 * @param files  every file of the workspace, in any order
 */
export function ignoredFiles(workspace: Workspace, files: readonly string[]): IgnoredFiles | undefined {
  const texts = new Map<string, string>();
  for (const file of files) {
    if (!file.endsWith('.gitignore') || (file.length > 10 && file.at(-11) !== '/')) continue;
    const text = readRules(workspace, file);
    if (text !== undefined) texts.set(parentOf(file), text);
  }
  if (texts.size === 0) return undefined;

  // By directory: the rules in it, or null where the directory itself is left out with all that is in it.
  const known = new Map<string, IgnoreRules | null>();
  const rulesIn = (directory: string): IgnoreRules | null => {
    let rules = known.get(directory);
    if (rules !== undefined) return rules;
    if (directory === '') {
      rules = IgnoreRules.none;
    } else {
      rules = rulesIn(parentOf(directory));
      if (rules?.ignores(directory, true)) rules = null;
    }
    const text = texts.get(directory);
    if (rules && text !== undefined) rules = rules.within(directory, text);
    known.set(directory, rules);
    return rules;
  };
  return {
    file: (path) => rulesIn(parentOf(path))?.ignores(path, false) ?? true,
    directory: (path) => rulesIn(path) === null,
  };
}

/** Undefined when it holds no rules that could be honoured. */
function readRules(workspace: Workspace, file: string): string | undefined {
  if ((workspace.stat(file)?.size ?? 0) > MAX_RULE_BYTES) return undefined;
  return Buffer.from(workspace.readBytes(file)).toString('utf8');
}

/** '' for what lies in the root. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

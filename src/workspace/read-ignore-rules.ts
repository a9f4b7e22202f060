import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IgnoreRules } from './ignore-rules.ts';

/**
 * The rules of the repository that a directory on disk is in: those of the directories above it, from the one with `.git`
 * down. None when they would ignore the directory itself: whoever names it wants it.
 */
export async function ignoreRulesAbove(root: string): Promise<IgnoreRules> {
  let rules = IgnoreRules.none;
  let prefix = '';
  for (let at = root; !(await exists(join(at, '.git')));) {
    const parent = dirname(at);
    if (parent === at) return IgnoreRules.none;
    prefix = `${basename(at)}/${prefix}`;
    at = parent;
    const text = await readText(at);
    if (text === undefined) continue;
    if (IgnoreRules.none.within('', text).ignores(prefix.slice(0, -1), true)) return IgnoreRules.none;
    rules = rules.below(prefix, text);
  }
  return rules;
}

/** The rules with those of `directory/.gitignore` before them; unchanged when that cannot be read. */
export async function withIgnoreFile(
  rules: IgnoreRules,
  root: string,
  directory: string,
): Promise<IgnoreRules> {
  const text = await readText(join(root, directory));
  return text === undefined ? rules : rules.within(directory, text);
}

/** Undefined when there is none that can be read. */
async function readText(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, '.gitignore'), 'utf8');
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

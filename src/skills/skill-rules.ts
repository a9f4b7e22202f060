/** Rules of the Agent Skills format, as its reference validator applies them. Lengths are in code points. */
export const MAX_NAME_CHARS = 64;
export const MAX_DESCRIPTION_CHARS = 1_024;
export const MAX_COMPATIBILITY_CHARS = 500;

/** A rule that a skill breaks, as a code and in words without a full stop. */
export interface RuleProblem {
  readonly code: string;
  readonly problem: string;
}

/**
 * What is wrong with a skill's name; empty when nothing is.
 * @param name  in NFKC
 * @param folder  name of its folder, in NFKC
 */
export function nameProblems(name: string, folder: string): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const shown = JSON.stringify(Array.from(name).slice(0, 80).join(''));
  const invalid = (problem: string): void => {
    problems.push({ code: 'invalid_name', problem: `name ${shown} ${problem}` });
  };
  if (lengthOf(name) > MAX_NAME_CHARS) {
    problems.push({ code: 'name_too_long', problem: `name ${shown} is over ${MAX_NAME_CHARS} characters` });
  }
  if (name !== name.toLowerCase()) invalid('must be lowercase');
  if (!/^[\p{L}\p{N}-]*$/u.test(name)) {
    invalid('contains invalid characters; letters, digits and hyphens are allowed');
  }
  if (name.startsWith('-') || name.endsWith('-')) invalid('must not start or end with a hyphen');
  if (name.includes('--')) invalid('must not contain consecutive hyphens');
  if (name !== folder) {
    problems.push({
      code: 'name_mismatch',
      problem: `name ${shown} does not match its folder ${JSON.stringify(folder)}`,
    });
  }
  return problems;
}

/** In code points, as the reference validator counts. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

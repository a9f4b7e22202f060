import type { Conversation } from './conversation.ts';
import type { ScriptedMatch, ScriptedPattern } from './script.ts';

/** Whether a conversation matches; adds the named groups to `captures`. */
export type Matcher = (conversation: Conversation, captures: Map<string, string>) => boolean;

const PATTERNS = ['last', 'user', 'first', 'system'] as const;

/** @throws {Error} with the problem, when a pattern is no regular expression */
export function compileMatch(match: ScriptedMatch): Matcher {
  const { lastRole, tool, turn, model, images, schema } = match;
  const tests: Matcher[] = [];
  // Cheap ones first.
  if (model !== undefined) tests.push((conversation) => conversation.model === model);
  if (lastRole !== undefined) tests.push((conversation) => conversation.lastRole === lastRole);
  if (turn !== undefined) {
    const turns = typeof turn === 'number' ? [turn] : turn;
    tests.push((conversation) => turns.includes(conversation.turn));
  }
  if (images !== undefined) tests.push((conversation) => conversation.images === images);
  if (schema !== undefined) {
    tests.push(({ schema: asked }) =>
      typeof schema === 'string' ? asked?.name === schema : (asked !== undefined) === schema,
    );
  }
  if (tool !== undefined) tests.push((conversation) => conversation.tool === tool);
  for (const key of PATTERNS) {
    const pattern = match[key];
    if (pattern === undefined) continue;
    const regexp = regExpOf(key, pattern);
    tests.push((conversation, captures) => {
      const found = regexp.exec(conversation[key]);
      for (const [name, value] of Object.entries(found?.groups ?? {})) captures.set(name, value ?? '');
      return found !== null;
    });
  }
  return (conversation, captures) => tests.every((test) => test(conversation, captures));
}

/** The named groups of all patterns. @throws {Error} as {@link compileMatch} */
export function groupsOf(match: ScriptedMatch): string[] {
  return PATTERNS.flatMap((key) => {
    const pattern = match[key];
    if (pattern === undefined) return [];
    const { source, flags } = regExpOf(key, pattern);
    // With an empty alternative it matches anything, so that the groups can be asked for.
    return Object.keys(new RegExp(`(?:${source})|`, flags).exec('')?.groups ?? {});
  });
}

/** @throws {Error} with the problem, when it is no regular expression or one with the flag g or y */
export function regExpOf(key: string, pattern: ScriptedPattern): RegExp {
  const { pattern: source, flags = '' } = typeof pattern === 'string' ? { pattern } : pattern;
  // Both would make an expression remember where it stopped.
  if (/[gy]/.test(flags)) throw new Error(`(${key}) does not take the flags g and y`);
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new Error(`(${key}) is no regular expression: ${(error as Error).message}`, { cause: error });
  }
}

import type { Rewrite } from './compile-script.ts';
import type { Conversation } from './conversation.ts';
import { planEdits, replaceAll } from './plan-edits.ts';
import { isCut, shownFiles, type ShownFile } from './shown-files.ts';
import type { Values } from './template.ts';

/** Calls that clients take in one response are limited, to 128 at skein's own. */
const MAX_EDITS = 100;

/** A script that asks for what cannot be done; the request is answered with its message. */
export class ScriptRunError extends Error {}

/** A call of the edit or write tool. */
export interface RewriteCall {
  readonly name: string;
  readonly arguments: string;
  /** Matches that it changes. */
  readonly places: number;
}

/**
 * The calls that make a rewrite's changes; none when there is nothing to change.
 * @throws {ScriptRunError} for a write of a file that was not read whole
 */
export function rewriteCalls(rewrite: Rewrite, conversation: Conversation, values: Values): RewriteCall[] {
  const pattern = new RegExp(rewrite.pattern.render(values, escapeRegExp), rewrite.flags);
  const replacement = rewrite.replacement.render(values, (value) => value.replaceAll('$', '$$$$'));
  const files = shownFiles(conversation);
  return files.flatMap((file) => {
    const name = rewrite.edit ?? rewrite.as + file.tool.slice('read'.length);
    return rewrite.as === 'write'
      ? writeCall(file, name, pattern, replacement)
      : editCalls(file, name, pattern, replacement, Math.floor(MAX_EDITS / files.length) || 1);
  });
}

function editCalls(
  file: ShownFile,
  name: string,
  pattern: RegExp,
  replacement: string,
  maxEdits: number,
): RewriteCall[] {
  return planEdits(file.lines.join('\n'), pattern, replacement, { isCut, maxEdits }).map(
    ({ oldText, newText, places }) => ({
      name,
      arguments: JSON.stringify({ path: file.path, old_string: oldText, new_string: newText }),
      places,
    }),
  );
}

function writeCall(file: ShownFile, name: string, pattern: RegExp, replacement: string): RewriteCall[] {
  const { text, places } = replaceAll(file.lines.join('\n'), pattern, replacement);
  if (places === 0) return [];
  // What was not shown would be lost.
  if (!file.whole || file.lines.some(isCut)) {
    throw new ScriptRunError(
      `${file.path} cannot be rewritten as one write: the reads before did not show all of it. Use "as: edit".`,
    );
  }
  return [{ name, arguments: JSON.stringify({ path: file.path, content: `${text}\n` }), places }];
}

function escapeRegExp(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

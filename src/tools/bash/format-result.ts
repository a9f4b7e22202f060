import { countLines, headOf } from '../output.ts';
import type { BashResult } from './run-bash.ts';

/** Together with the notes less than any tool may answer, so that the exit code is never cut off. */
const STDOUT = { maxLines: 1_800, maxBytes: 40 * 1024 };
const STDERR = { maxLines: 100, maxBytes: 6 * 1024 };

const COMMAND_NOT_FOUND = /: command not found$/m;

/**
 * What a script came to, as the model is told: its output, then its diagnostics after a line `[stderr]`, why files were
 * refused, and a last line `[exit code N]` when that is not 0.
 */
export function formatResult({ stdout, stderr, exitCode, refusals }: BashResult): string {
  const parts = [cut('stdout', stdout, STDOUT)];
  if (stderr !== '') parts.push('[stderr]', cut('stderr', stderr, STDERR));
  if (COMMAND_NOT_FOUND.test(stderr)) {
    parts.push('[This shell has its own text tools only: no git, node, npm, python or network. See: help]');
  }
  for (const refusal of refusals) parts.push(`[Refused: ${refusal}]`);
  if (exitCode !== 0) parts.push(`[exit code ${exitCode}]`);
  return parts.filter((part) => part !== '').join('\n') || '(no output)';
}

function cut(name: string, text: string, { maxLines, maxBytes }: typeof STDOUT): string {
  const head = headOf(firstLines(text, maxLines), maxBytes);
  const shown = head.endsWith('\n') ? head.slice(0, -1) : head;
  if (head.length === text.length) return shown;
  return (
    `${shown}\n[${name} cut: ${countLines(head)} of ${countLines(text)} lines, ${Buffer.byteLength(head)} of ` +
    `${Buffer.byteLength(text)} bytes shown. Narrow it with head, tail, grep or cut.]`
  );
}

/** The text up to the end of its `max`-th line. */
function firstLines(text: string, max: number): string {
  let end = 0;
  for (let line = 0; line < max; line += 1) {
    const newline = text.indexOf('\n', end);
    if (newline === -1) return text;
    end = newline + 1;
  }
  return text.slice(0, end);
}

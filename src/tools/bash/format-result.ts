import type { KeptFile } from '../keep-output.ts';
import { countLines, headOf, linesFrom } from '../output.ts';
import type { BashResult } from './run-bash.ts';

/** Together with the notes less than any tool may answer, so that the exit code is never cut off. */
const STDOUT = { maxLines: 1_800, maxBytes: 40 * 1024 };
const STDERR = { maxLines: 100, maxBytes: 6 * 1024 };

const COMMAND_NOT_FOUND = /: command not found$/m;

/**
 * What a script came to, as the model is told: its output, then its diagnostics after a line `[stderr]`, why files were
 * refused, and a last line `[exit code N]` when that is not 0.
 * @param keep  puts a text that is cut into a file; undefined where it cannot
 */
export function formatResult(
  { stdout, stderr, exitCode, refusals }: BashResult,
  keep: (name: string, text: string) => KeptFile | undefined = () => undefined,
): string {
  const cut = (name: string, text: string, limits: typeof STDOUT): string =>
    cutAt(text, limits, name, () => keep(name, text));
  const parts = [cut('stdout', stdout, STDOUT)];
  if (stderr !== '') parts.push('[stderr]', cut('stderr', stderr, STDERR));
  if (COMMAND_NOT_FOUND.test(stderr)) {
    parts.push('[This shell has its own text tools only: no git, node, npm, python or network. See: help]');
  }
  for (const refusal of refusals) parts.push(`[Refused: ${refusal}]`);
  if (exitCode !== 0) parts.push(`[exit code ${exitCode}]`);
  return parts.filter((part) => part !== '').join('\n') || '(no output)';
}

function cutAt(
  text: string,
  { maxLines, maxBytes }: typeof STDOUT,
  name: string,
  keep: () => KeptFile | undefined,
): string {
  const head = headOf(linesFrom(text, maxLines), maxBytes);
  const shown = head.endsWith('\n') ? head.slice(0, -1) : head;
  if (head.length === text.length) return shown;
  const kept = keep();
  const advice = kept ? `${kept.what} is in ${kept.path}.` : 'Narrow it with head, tail, grep or cut.';
  return (
    `${shown}\n[${name} cut: ${countLines(head)} of ${countLines(text)} lines, ${Buffer.byteLength(head)} of ` +
    `${Buffer.byteLength(text)} bytes shown. ${advice}]`
  );
}

import type { BenchCheck, FileCheck } from './check.ts';
import { runCommandCheck } from './run-command.ts';

/** What a conversation came to. */
export interface Outcome {
  /** The last one. */
  readonly reply: string;
  /** As they are then: text, or bytes where that is no UTF-8. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

/** What is wrong with the reply or the files; null when nothing is. The check's command is not run. */
export function checkAtOnce(check: BenchCheck, { reply, files }: Outcome): string | null {
  if (check.reply && !new RegExp(check.reply.pattern, check.reply.flags).test(reply))
    return `the reply does not match /${check.reply.pattern}/${check.reply.flags}`;
  for (const [path, wanted] of Object.entries(check.files)) {
    const problem = problemWith(files.get(path.replace(/^\/+/, '')), wanted);
    if (problem !== null) return `${path} ${problem}`;
  }
  return null;
}

/** Runs the check's command, where it has one. @returns what is wrong; null when nothing is */
export async function checkByCommand(
  { command }: BenchCheck,
  { files }: Outcome,
  signal: AbortSignal,
): Promise<string | null> {
  return command === null ? null : runCommandCheck(command, files, signal);
}

function problemWith(content: string | Uint8Array | undefined, wanted: FileCheck): string | null {
  if (wanted.is === 'absent') return content === undefined ? null : 'is there';
  if (content === undefined) return 'is not there';
  if (wanted.is === 'there') return null;
  if (typeof content !== 'string') return 'is no text';
  switch (wanted.is) {
    case 'equal':
      return content === wanted.text ? null : 'has another content';
    case 'containing':
      return content.includes(wanted.text) ? null : `does not contain ${JSON.stringify(wanted.text)}`;
    case 'matching':
      return new RegExp(wanted.pattern, wanted.flags).test(content)
        ? null
        : `does not match /${wanted.pattern}/${wanted.flags}`;
  }
}

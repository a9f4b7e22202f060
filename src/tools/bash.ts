import { formatResult } from './bash/format-result.ts';
import { CALL_TIMEOUT_MS, TIME_LIMIT_MS } from './bash/limits.ts';
import { runBash } from './bash/run-bash.ts';
import { keepFile } from './keep-output.ts';
import type { Tool } from './tool.ts';

export interface BashInput {
  readonly command: string;
}

/**
 * Runs a script in a shell that is written in JavaScript, over the session's files: never a shell of the host. The answer
 * holds what was printed and the exit code; a code other than 0 makes no error result, because to `grep`, `diff` and `test`
 * it is an answer.
 */
export const bashTool: Tool = {
  name: 'bash',
  description:
    "Run a bash script over the session's files: the project is at /, where every script starts. It has the usual text " +
    'tools (ls, cat, find, grep, rg, sed, awk, sort, diff, jq, xargs, …) and no git, node, npm, python or network; nothing ' +
    'runs in the background. Only files are kept between calls, not variables or the working directory; what is new in ' +
    `/tmp is gone after the call. A script may take ${TIME_LIMIT_MS / 1000} s; one that is stopped keeps what it wrote until then.`,
  parameters: {
    type: 'object',
    properties: { command: { type: 'string', minLength: 1, description: 'The script' } },
    required: ['command'],
    additionalProperties: false,
  },
  timeoutMs: CALL_TIMEOUT_MS,
  async execute({ command }: BashInput, { workspace, signal }) {
    const result = await runBash(command, { workspace, signal });
    // The whole of what is too long to be told, for a later command to look at.
    return formatResult(result, (name, text) => keepFile(text, `bash-${name}`, workspace));
  },
};

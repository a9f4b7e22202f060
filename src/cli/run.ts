import { dirname, resolve } from 'node:path';
import { access, constants, writeFile } from 'node:fs/promises';
import { applyChanges } from '../batch/apply-changes.ts';
import { differencesOf } from '../batch/differences.ts';
import { fileDiff } from '../batch/file-diff.ts';
import { isUnseen } from '../batch/unseen-files.ts';
import { OutputError, UsageError } from '../errors.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { SessionPool } from '../pool/pool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { chooseModel } from './choose-model.ts';
import { defaultOutput } from './default-output.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interrupt } from './interrupt.ts';
import { NdjsonWriter } from './ndjson.ts';
import { readInput } from './read-input.ts';
import { RunRecords } from './run-records.ts';
import type { RunEnd, RunListener } from './run-listener.ts';
import { RunView } from './run-view.ts';
import { describeTerminal, type Terminal } from './terminal.ts';
import { relayWarnings } from './warnings.ts';

export interface RunCommandOptions {
  readonly dir?: string;
  readonly file: readonly string[];
  readonly model?: string;
  readonly system?: string;
  readonly skills: readonly string[];
  readonly provider: readonly string[];
  readonly maxTurns?: number;
  readonly write?: true;
  readonly patch?: string;
  readonly json?: true;
}

/** `skein run "prompt"` */
export async function runCommand(prompt: string | undefined, options: RunCommandOptions): Promise<ExitCode> {
  if (options.write && options.patch !== undefined) {
    throw new UsageError('usage', 'Options --write and --patch exclude each other; give one of them.');
  }
  const terminal = describeTerminal(options);
  const text = await promptText(prompt);
  const directory = resolve(options.dir ?? '.');
  const image = await readInput(directory, options.file);
  if (options.patch !== undefined) await assertWritable(options.patch);
  await using chosen = await chooseModel({ model: options.model, providers: options.provider, from: '.' });
  await using pool = await SessionPool.open({ providers: chosen.providers });

  const view = listenerFor(terminal, { model: chosen.model, scripted: chosen.scripted });
  using _ = relayWarnings((line) => view.remark(line));
  using interrupt = new Interrupt(() => view.remark('skein: ending; Ctrl-C again exits at once'));
  await using session = await pool.start({
    base: image,
    model: chosen.model,
    ...(options.system === undefined ? {} : { system: options.system }),
    skills: options.skills,
    ...(options.maxTurns === undefined ? {} : { maxTurns: options.maxTurns }),
  });
  view.started(session.id, image);
  let result: PromptResult | undefined;
  for await (const event of session.stream(text, { signal: interrupt.signal })) {
    if (event.type === 'prompt-ended') result = event.result;
    else view.event(event);
  }
  if (!result) throw new TypeError('the session ended without prompt-ended');
  const end = await deliver(result, image, directory, options, interrupt.exitCode);
  view.ended(result, differencesOf(result, image).map(fileDiff), end);
  return end.exitCode;
}

function listenerFor(terminal: Terminal, about: { model: string; scripted: boolean }): RunListener {
  if (!terminal.json) return new RunView(terminal, about);
  return new RunRecords(new NdjsonWriter((line) => process.stdout.write(line)), about);
}

async function promptText(given: string | undefined): Promise<string> {
  let text = given;
  if (given === '-' || (given === undefined && !process.stdin.isTTY)) {
    process.stdin.setEncoding('utf8');
    text = '';
    for await (const chunk of process.stdin) text += String(chunk);
  }
  if (text === undefined || text.trim() === '') {
    throw new UsageError(
      'usage',
      'The prompt is empty; give it as an argument, or on standard input with "-".',
    );
  }
  return text;
}

/** Puts the changes where the caller wants them. What could not be written is saved as a patch, so that nothing is lost. */
async function deliver(
  result: PromptResult,
  image: BaseImage,
  directory: string,
  options: RunCommandOptions,
  interrupted: ExitCode | undefined,
): Promise<RunEnd> {
  const exitCode = interrupted ?? (result.stopReason === 'end' ? EXIT.done : EXIT.unfinished);
  if (options.patch !== undefined) {
    try {
      const unseen = differencesOf(result, image).find((change) => isUnseen(directory, change, image));
      await savePatch(options.patch, result.patch);
      const problem = unseen && unseenProblem(unseen.path);
      return {
        applied: false,
        patchFile: options.patch,
        problem,
        exitCode: problem ? EXIT.unfinished : exitCode,
      };
    } catch (error) {
      return rescue(result, error, interrupted);
    }
  }
  if (!options.write || result.changes.length === 0) {
    return { applied: false, patchFile: null, problem: undefined, exitCode };
  }
  try {
    // Half of a change is nobody's wish: only what the model called finished goes into the files.
    if (exitCode !== EXIT.done)
      throw new OutputError('write_failed', 'Nothing was written: the session did not end by itself.');
    const differences = differencesOf(result, image);
    const unseen = differences.find((change) => isUnseen(directory, change, image));
    if (unseen) throw unseenProblem(unseen.path);
    await applyChanges(directory, differences);
    return { applied: true, patchFile: null, problem: undefined, exitCode };
  } catch (error) {
    return rescue(result, error, interrupted);
  }
}

/** The changes are not where they were wanted: they are saved elsewhere, and where that fails too, the record has them. */
async function rescue(
  result: PromptResult,
  error: unknown,
  interrupted: ExitCode | undefined,
): Promise<RunEnd> {
  const problem = error instanceof Error ? error : new Error(String(error));
  const exitCode = interrupted ?? EXIT.unfinished;
  try {
    const patchFile = `${await defaultOutput('run')}.patch`;
    await savePatch(patchFile, result.patch);
    return { applied: false, patchFile, problem, exitCode };
  } catch {
    return { applied: false, patchFile: null, problem, exitCode };
  }
}

function unseenProblem(path: string): OutputError {
  return new OutputError(
    'disk_changed',
    `${path} is there already, but the session was not shown it (binary, too large, ignored or left out).`,
  );
}

/** Before the session is paid for. @throws {OutputError} `output_unwritable` */
async function assertWritable(file: string): Promise<void> {
  try {
    await access(dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError('output_unwritable', `The patch could not be written to ${file} (${code}).`, {
      cause,
    });
  }
}

async function savePatch(file: string, patch: string): Promise<void> {
  try {
    await writeFile(file, patch);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutputError('write_failed', `The patch cannot be written to ${file}: ${why}.`, { cause });
  }
}

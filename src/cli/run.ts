import { dirname, resolve } from 'node:path';
import { access, constants, writeFile } from 'node:fs/promises';
import { fileDiff, type FileDiff } from '../batch/file-diff.ts';
import { readSchemaFile } from '../batch/schema-file.ts';
import { isUnseen } from '../batch/unseen-files.ts';
import { OutputError, UsageError } from '../errors.ts';
import type { JournalStore } from '../journal/store.ts';
import { visibleSessions } from '../journal/visible-sessions.ts';
import type { PoolOptions, SessionOptions, StreamOptions } from '../pool/options.ts';
import type { PromptContent } from '../pool/prompt-content.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import { SessionPool } from '../pool/pool.ts';
import type { Session } from '../pool/session.ts';
import { applyChanges } from '../workspace/apply-changes.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { FileDifference } from '../workspace/files-view.ts';
import { givenBudget, givenPrices } from './budget-flags.ts';
import { changesToWrite } from './changes-to-write.ts';
import { chooseModel, replayRemark, type ChosenModel } from './choose-model.ts';
import { defaultOutput } from './default-output.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interrupt } from './interrupt.ts';
import { differencesBetween, keptSession, openStoreToWrite } from './kept-session.ts';
import { NdjsonWriter } from './ndjson.ts';
import { withImages } from './read-images.ts';
import { readInput } from './read-input.ts';
import { RunRecords } from './run-records.ts';
import type { RunAbout, RunEnd, RunListener } from './run-listener.ts';
import type { RunCommandOptions } from './run-options.ts';
import { RunView } from './run-view.ts';
import { describeTerminal, type Terminal } from './terminal.ts';
import { relayWarnings } from './warnings.ts';

/** `skein run "prompt"` */
export async function runCommand(prompt: string | undefined, options: RunCommandOptions): Promise<ExitCode> {
  if (options.write && options.patch !== undefined) {
    throw new UsageError('usage', 'Options --write and --patch exclude each other; give one of them.');
  }
  if (options.session !== undefined && options.store === undefined)
    throw new UsageError('usage', 'Option --session names a session of a store; give --store too.');
  const schema = options.schema === undefined ? undefined : readSchemaFile(options.schema);
  // A value that was asked for is the output, and records only for those who say so.
  const terminal = describeTerminal(schema ? { json: options.json ?? false } : options);
  const content = await withImages(await promptText(prompt), options.image);
  const directory = resolve(options.dir ?? '.');
  await using kept = options.store === undefined ? undefined : await keeping(options.store);
  const earlier = kept && keptSession(kept.store, options);
  const image = earlier?.image ?? (await readInput(directory, options.file));
  if (options.patch !== undefined) await assertWritable(options.patch);
  const prices = await givenPrices(options);
  await using chosen = await chooseModel({
    model: options.model ?? earlier?.model,
    providers: options.provider,
    from: '.',
  });
  // What else is unfinished in the store is not this command's to pay for.
  const store = kept && visibleSessions(kept.store, (sessionId) => sessionId === options.session);
  await using pool = await SessionPool.open({
    providers: chosen.providers,
    prices,
    ...(store ? { store } : {}),
    ...recordingOf(options),
  });

  const view = listenerFor(terminal, {
    model: chosen.model,
    scripted: chosen.scripted,
    prices,
    isValue: schema !== undefined,
  });
  using _ = relayWarnings((line) => view.remark(line));
  if (chosen.replayed !== null) view.remark(replayRemark(chosen.replayed));
  using interrupt = new Interrupt(() => view.remark('skein: ending; Ctrl-C again exits at once'));
  const session =
    (earlier && pool.session(earlier.sessionId)) ?? (await pool.start(started(image, chosen, options)));
  view.started(session.id, image);
  if (kept && !terminal.json) view.remark(`session ${session.id}`);
  let ended: { readonly result: PromptResult; readonly changes: readonly FileDifference[] };
  try {
    const budget = givenBudget(options);
    if (earlier && budget) await session.resume({ budget });
    const before = session.files();
    const result = await followPrompt(
      session,
      content,
      { signal: interrupt.signal, ...(schema ? { schema } : {}) },
      view,
    );
    // Of a session that goes on, what this run has changed.
    const changes = earlier ? differencesBetween(before, result.files) : result.workspace.differences;
    ended = { result, changes };
  } catch (error) {
    const exitCode = interrupt.exitCode ?? EXIT.unfinished;
    view.failed(error, exitCode);
    return exitCode;
  }
  const { result, changes } = ended;
  const diffs = changes.map(fileDiff);
  const delivery = { result, image, changes, patch: patchOf(diffs) };
  const end = await deliver(delivery, directory, options, interrupt.exitCode);
  view.ended(result, diffs, end);
  return end.exitCode;
}

/** Runs that go on with one kept session are one recording. */
function recordingOf({ record, store, session }: RunCommandOptions): Pick<PoolOptions, 'record'> {
  if (record === undefined) return {};
  if (store === undefined || session === undefined) return { record };
  return { record: { directory: record, run: `session ${session} of ${resolve(store)}` } };
}

/** Sends the prompt, and tells the listener what happens until it ends. */
async function followPrompt(
  session: Session,
  content: PromptContent,
  options: StreamOptions,
  view: RunListener,
): Promise<PromptResult> {
  let result: PromptResult | undefined;
  for await (const event of session.stream(content, options)) {
    if (event.type === 'prompt-ended') result = event.result;
    else view.event(event);
  }
  if (!result) throw new TypeError('the session ended without prompt-ended');
  return result;
}

/** A store that is closed with the command, whatever becomes of it. */
async function keeping(place: string): Promise<AsyncDisposable & { readonly store: JournalStore }> {
  const store = await openStoreToWrite(place);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
    },
  };
}

/** A session of these options. Not closed by the command: the pool's end does that, or keeps it where there is a store. */
function started(image: BaseImage, { model }: ChosenModel, options: RunCommandOptions): SessionOptions {
  const { session: id, fallback, system, skills, maxTurns } = options;
  const budget = givenBudget(options);
  return {
    base: image,
    model,
    fallback,
    skills,
    ...(id === undefined ? {} : { id }),
    ...(system === undefined ? {} : { system }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(budget === undefined ? {} : { budget }),
  };
}

function listenerFor(terminal: Terminal, about: RunAbout): RunListener {
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

/** What a run came to. */
interface Delivery {
  readonly result: PromptResult;
  readonly image: BaseImage;
  /** Of this run, not of the session's earlier ones. */
  readonly changes: readonly FileDifference[];
  readonly patch: string;
}

function patchOf(diffs: readonly FileDiff[]): string {
  return diffs.map((diff) => diff.patch).join('');
}

/** Puts the changes where the caller wants them. What could not be written is saved as a patch, so that nothing is lost. */
async function deliver(
  { result, image, changes, patch }: Delivery,
  directory: string,
  options: RunCommandOptions,
  interrupted: ExitCode | undefined,
): Promise<RunEnd> {
  const notDone = interrupted ?? (result.stopReason === 'budget' ? EXIT.budget : EXIT.unfinished);
  const exitCode = interrupted ?? (result.stopReason === 'end' ? EXIT.done : notDone);
  if (options.patch !== undefined) {
    try {
      const unseen = changes.find((change) => isUnseen(directory, change, image));
      await savePatch(options.patch, patch);
      const problem = unseen && unseenProblem(unseen.path);
      return {
        applied: false,
        patchFile: options.patch,
        problem,
        exitCode: problem ? notDone : exitCode,
      };
    } catch (error) {
      return rescue(patch, error, notDone);
    }
  }
  const { differences } = result.workspace;
  if (!options.write || (changes.length === 0 && differences.length === 0)) {
    return { applied: false, patchFile: null, problem: undefined, exitCode };
  }
  let wanted = differences;
  try {
    wanted = await changesToWrite(directory, differences, changes);
    // Half of a change is nobody's wish: only what the model called finished goes into the files.
    if (exitCode !== EXIT.done)
      throw new OutputError('write_failed', 'Nothing was written: the session did not end by itself.');
    const unseen = wanted.find((change) => isUnseen(directory, change, image));
    if (unseen) throw unseenProblem(unseen.path);
    await applyChanges(directory, wanted);
    return { applied: true, patchFile: null, problem: undefined, exitCode };
  } catch (error) {
    // Also what earlier runs have changed and not written: without it, this run's changes go on nothing.
    return rescue(patchOf(wanted.map(fileDiff)), error, notDone);
  }
}

/** The changes are not where they were wanted: they are saved elsewhere, and where that fails too, the record has them. */
async function rescue(patch: string, error: unknown, exitCode: ExitCode): Promise<RunEnd> {
  const problem = error instanceof Error ? error : new Error(String(error));
  try {
    const patchFile = `${await defaultOutput('run')}.patch`;
    await savePatch(patchFile, patch);
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

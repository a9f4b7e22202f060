import type { FileDiff } from '../batch/file-diff.ts';
import { savedByCache } from '../gate/prices.ts';
import type { SessionEvent } from '../pool/events.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import { describeError } from './describe-error.ts';
import type { ExitCode } from './exit-code.ts';
import type { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import type { RunAbout, RunEnd, RunListener } from './run-listener.ts';

/** A run as records: `session.started` first, one `session.ended` last. */
export class RunRecords implements RunListener {
  readonly #writer: NdjsonWriter;
  readonly #about: RunAbout;

  constructor(writer: NdjsonWriter, about: RunAbout) {
    this.#writer = writer;
    this.#about = about;
  }

  started(sessionId: string, image: BaseImage): void {
    const { model, scripted } = this.#about;
    this.#writer.record('session.started', {
      session: sessionId,
      model,
      scripted,
      files: image.fileCount,
      skipped: image.skipped,
    });
  }

  event(event: SessionEvent): void {
    const { sessionId, promptId: _, seq: __, type, ...fields } = event;
    const name = RECORD_TYPES[type];
    if (name !== undefined) this.#writer.record(name, { session: sessionId, ...fields });
  }

  /** To stderr: stdout is the records'. */
  remark(line: string): void {
    process.stderr.write(`${printableLine(line)}\n`);
  }

  failed(error: unknown, exitCode: ExitCode): void {
    process.stderr.write(`skein: ${describeError(error)}\n`);
    this.#writer.record('session.ended', {
      exit: exitCode,
      stopReason: null,
      error: serializeError(error, 'unexpected'),
      files: [],
      patch: '',
      applied: false,
      patchFile: null,
      problem: null,
    });
  }

  ended(result: PromptResult, diffs: readonly FileDiff[], end: RunEnd): void {
    const { reply, output, failedAttempts, stopReason, error } = result;
    const { finishReason, usage, turns, durationMs } = result;
    this.#writer.record('session.ended', {
      exit: end.exitCode,
      stopReason,
      error,
      finishReason,
      reply,
      ...(output === undefined ? {} : { output }),
      turns,
      usage,
      failedAttempts,
      savedByCacheUsd: savedByCache(usage, this.#about.model, this.#about.prices),
      durationMs: Math.round(durationMs),
      files: diffs.map(({ path, kind, added, removed }) => ({ path, kind, added, removed })),
      patch: diffs.map((diff) => diff.patch).join(''),
      applied: end.applied,
      patchFile: end.patchFile,
      problem: end.problem?.message ?? null,
    });
  }
}

const RECORD_TYPES: Readonly<Record<SessionEvent['type'], string | undefined>> = {
  'prompt-started': undefined,
  text: 'text.delta',
  reasoning: 'reasoning.delta',
  'gate-waiting': 'gate.waiting',
  'gate-admitted': 'gate.admitted',
  'gate-left': 'gate.left',
  'model-retried': 'model.retried',
  'model-fell-back': 'model.fell-back',
  'tool-started': 'tool.started',
  'tool-ended': 'tool.ended',
  'step-retried': 'step.retried',
  'schema-refused': 'schema.refused',
  'output-refused': 'output.refused',
  budget: 'budget.reached',
  resumed: 'session.resumed',
  compacted: 'context.compacted',
  'loop-warned': 'loop.warned',
  'turn-ended': 'turn.ended',
  // The last record says it, with what became of the changes.
  'prompt-ended': undefined,
};

import { join } from 'node:path';
import type { WrittenBatch } from '../batch/batch-output.ts';
import type { ItemReport } from '../batch/report.ts';
import type { BatchEvent, ItemOutcome } from '../batch/run-batch.ts';
import { NOTHING_SPENT } from '../batch/spent.ts';
import type { SessionEvent } from '../pool/events.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import type { BatchEnd } from './batch-end.ts';
import type { Delivered } from './batch-delivery.ts';
import { EXIT } from './exit-code.ts';
import type { NdjsonWriter } from './ndjson.ts';

/**
 * A batch as records: `batch.started`, then of each session `session.started`, what it does, and one `session.ended`,
 * and last one `batch.ended`. The pieces of the models' texts are left out; replies are in `session.ended`.
 */
export class BatchRecords {
  readonly #writer: NdjsonWriter;
  #hasStarted = false;

  constructor(writer: NdjsonWriter) {
    this.#writer = writer;
  }

  started(about: Readonly<Record<string, unknown>>): void {
    this.#hasStarted = true;
    this.#writer.record('batch.started', about);
  }

  event(event: BatchEvent): void {
    if (event.type === 'item-started') {
      const { item, attempt, round, resumed } = event;
      this.#writer.record('session.started', {
        item: item.id,
        number: item.number,
        ...(round > 1 ? { round } : {}),
        ...(attempt > 1 ? { attempt } : {}),
        ...(resumed ? { resumed } : {}),
      });
    } else if (event.type === 'round-started') {
      this.#writer.record('round.started', { round: event.round, items: event.items });
    } else if (event.type === 'item-event') {
      this.#session(event.item.id, event.event);
    }
  }

  item({ entry }: ItemReport, { resumed, result }: ItemOutcome): void {
    const { id, ...rest } = entry;
    // Of this session alone: what earlier ones of the item have cost was told when they ended, and is in the totals.
    const { turns, usage, durationMs } = result ?? NOTHING_SPENT;
    this.#writer.record('session.ended', {
      item: id,
      ...rest,
      turns,
      durationMs: Math.round(durationMs),
      usage,
      ...(resumed ? { resumed } : {}),
    });
  }

  ended({ report }: WrittenBatch, end: BatchEnd): void {
    this.#writer.record('batch.ended', {
      name: report.name,
      ...(report.simulated && { simulated: report.simulated }),
      exit: end.exitCode,
      interrupted: report.interrupted,
      stoppedBy: report.stoppedBy,
      rounds: report.rounds,
      totals: report.totals,
      durationMs: report.durationMs,
      conflicts: report.conflicts,
      applied: end.delivered.to === 'files',
      ...deliveryFields(end.delivered),
      error: end.problem ? serializeError(end.problem, 'write_failed') : null,
      resume: end.resume,
      out: end.directory,
      patch: join(end.directory, report.merged.patch),
      report: join(end.directory, 'report.html'),
    });
  }

  /** The batch broke off. Nothing is said of one that had not begun: that is an error of the call. */
  failed(error: unknown): void {
    if (!this.#hasStarted) return;
    this.#writer.record('batch.ended', {
      exit: EXIT.unfinished,
      error: serializeError(error, 'unexpected'),
    });
  }

  #session(item: string, event: SessionEvent): void {
    switch (event.type) {
      case 'tool-ended': {
        const { turn, name, isError } = event;
        this.#writer.record('tool.ended', { item, turn, name, isError });
        break;
      }
      case 'turn-ended':
        this.#writer.record('turn.ended', { item, turn: event.turn, usage: event.usage });
        break;
      case 'model-retried': {
        const { turn, model, attempt, kind, message, delayMs, discarded } = event;
        this.#writer.record('model.retried', {
          item,
          turn,
          model,
          attempt,
          kind,
          message,
          delayMs: Math.round(delayMs),
          discarded,
        });
        break;
      }
      case 'budget': {
        const { scope, name, what, limit, spent, action } = event;
        this.#writer.record('budget.reached', { item, scope, name, what, limit, spent, action });
        break;
      }
      case 'resumed':
        this.#writer.record('session.resumed', { item });
        break;
      case 'model-fell-back': {
        const { turn, from, to, kind, message, discarded } = event;
        this.#writer.record('model.fell-back', { item, turn, from, to, kind, message, discarded });
        break;
      }
      case 'gate-waiting': {
        const { turn, model, reason, expectedMs } = event;
        this.#writer.record('gate.waiting', { item, turn, model, reason, expectedMs });
        break;
      }
      case 'gate-admitted': {
        const { turn, model, waitedMs } = event;
        this.#writer.record('gate.admitted', { item, turn, model, waitedMs: Math.round(waitedMs) });
        break;
      }
      case 'gate-left': {
        const { turn, model, kind, waitedMs } = event;
        this.#writer.record('gate.left', { item, turn, model, kind, waitedMs: Math.round(waitedMs) });
        break;
      }
      case 'schema-refused': {
        const { turn, model, message } = event;
        this.#writer.record('schema.refused', { item, turn, model, message });
        break;
      }
      case 'output-refused':
        this.#writer.record('output.refused', { item, turn: event.turn, message: event.message });
        break;
      case 'step-retried':
        this.#writer.record('step.retried', { item, reason: event.reason, message: event.message });
        break;
      case 'compacted': {
        const { turn, how, beforeTokens, afterTokens } = event;
        this.#writer.record('context.compacted', { item, turn, how, beforeTokens, afterTokens });
        break;
      }
      case 'loop-warned': {
        const { turn, name, count } = event;
        this.#writer.record('loop.warned', { item, turn, name, count });
        break;
      }
      case 'prompt-started':
      case 'text':
      case 'reasoning':
      case 'tool-started':
      case 'prompt-ended':
        break;
    }
  }
}

/** What else a reader wants to know of where the changes went. */
function deliveryFields(delivered: Delivered): Readonly<Record<string, unknown>> {
  switch (delivered.to) {
    case 'nowhere':
      return {};
    case 'files':
      return { files: delivered.report.files };
    case 'branch':
      return { branch: delivered.branch, commit: delivered.commit };
    case 'worktree':
      return { branch: delivered.branch, worktree: delivered.path, files: delivered.report.files };
  }
}

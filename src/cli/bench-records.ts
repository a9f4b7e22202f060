import type { BenchEvent } from '../bench/bench-event.ts';
import type { BenchPlan } from '../bench/plan.ts';
import type { BenchResult, Distribution, Measures } from '../bench/result.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { NdjsonWriter } from './ndjson.ts';

/**
 * A benchmark as records: `bench.started`, `bench.measuring`, a `prompt.ended` for each measured prompt and a
 * `bench.second` each second, `check.ended` for what commands say, a `bench.marked` for each mark, and last one `bench.ended`.
 */
export class BenchRecords {
  readonly #writer: NdjsonWriter;
  #hasStarted = false;

  constructor(writer: NdjsonWriter) {
    this.#writer = writer;
  }

  started({ name, targets, scenarios, arrival, extent, warmUp, order, seed }: BenchPlan, out: string): void {
    this.#hasStarted = true;
    this.#writer.record('bench.started', {
      name,
      targets: targets.map((target) => ({ name: target.name, model: target.model })),
      scenarios: scenarios.map((scenario) => scenario.name),
      // Of a trace its file: its moments may be many.
      arrival: arrival.kind === 'trace' ? { ...arrival, offsetsMs: undefined } : arrival,
      warmUp,
      extent,
      order,
      seed,
      out,
    });
  }

  event(event: BenchEvent): void {
    switch (event.type) {
      case 'measuring':
        this.#writer.record('bench.measuring', { startedAt: event.startedAt });
        break;
      case 'prompt-ended':
        this.#writer.record('prompt.ended', { ...event.sample });
        break;
      case 'second':
        this.#writer.record('bench.second', { ...event.sample });
        break;
      case 'target-given-up':
        this.#writer.record('target.given-up', { target: event.target, message: event.message });
        break;
      case 'checking':
        this.#writer.record('bench.checking', { count: event.count });
        break;
      case 'checked': {
        const { target, scenario, index, passed, message } = event;
        this.#writer.record('check.ended', { target, scenario, index, passed, message });
        break;
      }
      case 'marked':
        this.#writer.record('bench.marked', { ...event.mark });
        break;
      case 'warmed-up':
      case 'bench-ended':
        break;
    }
  }

  /** @param end.result  its file @param end.report  the page */
  ended(
    result: BenchResult,
    end: { readonly exitCode: ExitCode; readonly result: string; readonly report: string },
  ): void {
    const { startedAt, durationMs, targets, overall, resources, planHash } = result;
    this.#writer.record('bench.ended', {
      exit: end.exitCode,
      startedAt,
      durationMs,
      planHash,
      targets: targets.map(({ name, model, measures }) => ({
        name,
        model,
        measures: withoutCurves(measures),
      })),
      overall: withoutCurves(overall),
      resources: { ...resources, eventLoopDelayMs: withoutCurve(resources.eventLoopDelayMs) },
      result: end.result,
      report: end.report,
    });
  }

  /** The benchmark broke off. Nothing is said of one that had not begun: that is an error of the call. */
  failed(error: unknown): void {
    if (!this.#hasStarted) return;
    this.#writer.record('bench.ended', { exit: EXIT.unfinished, error: serializeError(error, 'unexpected') });
  }
}

/** The points of the curves are in the result file. */
function withoutCurves(measures: Measures): object {
  return Object.fromEntries(
    Object.entries(measures).map(([name, value]) => [
      name,
      isDistribution(value) ? withoutCurve(value) : (value as unknown),
    ]),
  );
}

function withoutCurve(distribution: Distribution | null): object | null {
  if (!distribution) return null;
  const { percentiles: _, ...figures } = distribution;
  return figures;
}

function isDistribution(value: unknown): value is Distribution {
  return typeof value === 'object' && value !== null && 'percentiles' in value;
}

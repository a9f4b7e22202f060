import type { BenchEvent } from '../bench/bench-event.ts';
import { TimeHistogram } from '../bench/histogram.ts';
import type { BenchPlan } from '../bench/plan.ts';
import type { TimelineSample } from '../bench/result.ts';
import { formatCount, formatDuration } from '../batch/format.ts';
import { LiveScreen, type Frame } from './live-screen.ts';
import { printableLine } from './printable.ts';
import type { Colors, Terminal } from './terminal.ts';
import { fitEnd, fitStart, textWidth } from './text-width.ts';

/** What a person wants to know while a benchmark runs. */
export interface BenchProgressState {
  phase: 'warming up' | 'measuring' | 'checking';
  /** Since when it is measured, on the clock of `performance.now()`. */
  measuringSinceMs: number;
  checked: number;
  toCheck: number;
  last: TimelineSample | undefined;
  readonly targets: Map<string, TargetProgress>;
}

export interface TargetProgress {
  ended: number;
  failed: number;
  givenUp: boolean;
  readonly latency: TimeHistogram;
}

export function newBenchProgress({ targets }: BenchPlan): BenchProgressState {
  return {
    phase: 'warming up',
    measuringSinceMs: 0,
    checked: 0,
    toCheck: 0,
    last: undefined,
    targets: new Map(
      targets.map(({ name }) => [
        name,
        { ended: 0, failed: 0, givenUp: false, latency: new TimeHistogram() },
      ]),
    ),
  };
}

/** Takes one event into the state. @param nowMs  on the clock of `performance.now()` */
export function advanceBench(state: BenchProgressState, event: BenchEvent, nowMs: number): void {
  switch (event.type) {
    case 'measuring':
      state.phase = 'measuring';
      state.measuringSinceMs = nowMs;
      break;
    case 'prompt-ended': {
      const { target, error, dueAtMs, endedAtMs } = event.sample;
      const progress = state.targets.get(target)!;
      progress.ended += 1;
      if (error !== null) progress.failed += 1;
      progress.latency.record(endedAtMs - dueAtMs);
      break;
    }
    case 'second':
      state.last = event.sample;
      break;
    case 'target-given-up':
      state.targets.get(event.target)!.givenUp = true;
      break;
    case 'checking':
      state.phase = 'checking';
      state.toCheck = event.count;
      break;
    case 'checked':
      state.checked += 1;
      break;
    case 'warmed-up':
    case 'marked':
    case 'bench-ended':
      break;
  }
}

/** Targets that are shown, one a line. */
const MAX_ROWS = 8;

/** The live view: how far it is, what was done in the last second, and each target. No line is wider than the screen. */
export function viewBenchProgress(
  plan: BenchPlan,
  state: BenchProgressState,
  options: Frame & { readonly colors: Colors; readonly nowMs: number },
): string {
  const { columns, colors: c } = options;
  const all = [...state.targets.values()];
  const ended = all.reduce((sum, target) => sum + target.ended, 0);
  const { share, counts } = howFar(plan, state, ended, options.nowMs);
  const barWidth = Math.max(0, Math.min(24, columns - textWidth(plan.name) - counts.length - 4));
  const filled = Math.round(Math.min(1, share) * barWidth);
  const bar = c.green('━'.repeat(filled)) + c.dim('─'.repeat(barWidth - filled));
  const lines = [`${c.bold(fitEnd(plan.name, columns - counts.length - 3))} ${bar} ${counts}`];
  const failed = all.reduce((sum, target) => sum + target.failed, 0);
  const facts = [
    state.phase,
    ...(state.last
      ? [
          `${formatCount(state.last.running)} running`,
          `${formatCount(state.last.ended)} prompts/s`,
          `${formatCount(state.last.outputTokens)} tokens/s`,
        ]
      : []),
    `${formatCount(failed)} failed`,
    formatDuration(options.elapsedMs),
  ].join(' · ');
  lines.push(`  ${(failed > 0 ? c.yellow : c.dim)(fitStart(facts, columns - 3))}`);
  for (const [name, target] of [...state.targets].slice(0, MAX_ROWS))
    lines.push(rowOf(name, target, columns, c));
  const hidden = state.targets.size - MAX_ROWS;
  if (hidden > 0) lines.push(c.dim(`    and ${hidden} more`));
  if (options.interrupted) lines.push(c.yellow(fitEnd('  ending: Ctrl-C again exits at once', columns - 1)));
  return lines.join('\n');
}

function rowOf(name: string, target: TargetProgress, columns: number, c: Colors): string {
  const spread = target.latency.distribution();
  const what = target.givenUp
    ? 'given up: every prompt failed'
    : [
        `${formatCount(target.ended)} ended`,
        ...(spread ? [`p50 ${formatDuration(spread.p50)}`, `p99 ${formatDuration(spread.p99)}`] : []),
        ...(target.failed > 0 ? [`${formatCount(target.failed)} failed`] : []),
      ].join(' · ');
  const shown = fitStart(what, Math.max(0, columns - 12));
  return `  ${fitEnd(printableLine(name), Math.max(8, columns - textWidth(shown) - 4))} ${c.dim(shown)}`;
}

function howFar(
  { extent, targets, scenarios }: BenchPlan,
  state: BenchProgressState,
  ended: number,
  nowMs: number,
): { readonly share: number; readonly counts: string } {
  if (state.phase === 'checking')
    return {
      share: state.checked / state.toCheck,
      counts: `${formatCount(state.checked)}/${formatCount(state.toCheck)} checked`,
    };
  if ('durationMs' in extent) {
    const sinceMs = state.phase === 'measuring' ? nowMs - state.measuringSinceMs : 0;
    return { share: sinceMs / extent.durationMs, counts: `${formatCount(ended)} prompts` };
  }
  // How many prompts there are is known where every conversation has the same number.
  const [prompts, ...others] = new Set(scenarios.map((scenario) => scenario.prompts.length));
  const total = extent.count * targets.length * (others.length === 0 ? prompts! : 1);
  return others.length === 0
    ? { share: ended / total, counts: `${formatCount(ended)}/${formatCount(total)}` }
    : {
        share: ended / total / Math.max(...scenarios.map((one) => one.prompts.length)),
        counts: formatCount(ended),
      };
}

/** Shows on stderr how a benchmark goes: redrawn where the screen can, else only remarks. */
export class BenchProgress implements Disposable {
  readonly #state: BenchProgressState;
  readonly #screen: LiveScreen;

  constructor(plan: BenchPlan, terminal: Terminal) {
    this.#state = newBenchProgress(plan);
    this.#screen = new LiveScreen(terminal, (frame) =>
      viewBenchProgress(plan, this.#state, { ...frame, colors: terminal.err, nowMs: performance.now() }),
    );
  }

  update(event: BenchEvent): void {
    advanceBench(this.#state, event, performance.now());
  }

  interrupt(): void {
    this.#screen.interrupt();
  }

  remark(line: string): void {
    this.#screen.remark(line);
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]();
  }
}

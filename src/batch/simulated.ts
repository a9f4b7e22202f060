import type { ModelErrorKind } from '../errors.ts';
import type { SimulationProfile } from '../model/simulation/profile.ts';
import type { Simulation } from '../model/simulation/simulation.ts';
import { countOf, formatCount, formatDuration } from './format.ts';
import type { BatchEvent } from './run-batch.ts';

/** How a simulated batch fared, besides what every report says. Times are simulated ones; of this run alone, if it was continued. */
export interface SimulatedReport {
  /** Of the profile. */
  readonly name: string;
  readonly profile: SimulationProfile;
  /** Simulated time for real time. */
  readonly speed: number;
  /** How long the run really took. */
  readonly realMs: number;
  /** Share of that time in which this process's main thread was busy, 0 to 1: what keeps it busy is not as fast as the simulation. */
  readonly busy: number;
  /** What the simulated provider was asked, and what became of it. */
  readonly provider: {
    readonly requests: number;
    /** Refused with status 429 for a limit, by which. */
    readonly refusedFor: Readonly<Record<'requests' | 'tokens' | 'concurrent', number>>;
    /** That one of the profile's faults struck. */
    readonly struck: number;
    /** The most under way at one time. */
    readonly maxOpen: number;
  };
  /** Requests that skein held back, so that they were not refused. */
  readonly gate: { readonly waits: number; readonly waitedMs: number; readonly longestMs: number };
  /** Attempts that were made again, by why the one before failed. */
  readonly retries: Readonly<Partial<Record<ModelErrorKind, number>>>;
}

/** Counts what a simulated batch has to wait for and to do again. */
export class SimulationTally {
  readonly #simulation: Simulation;
  readonly #startedMs = performance.now();
  readonly #startedLoop = performance.eventLoopUtilization();
  readonly #retries: Partial<Record<ModelErrorKind, number>> = {};
  #waits = 0;
  #waitedMs = 0;
  #longestMs = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  hear(batchEvent: BatchEvent): void {
    if (batchEvent.type !== 'item-event') return;
    const { event } = batchEvent;
    if (event.type === 'model-retried') this.#retries[event.kind] = (this.#retries[event.kind] ?? 0) + 1;
    if (event.type !== 'gate-admitted' && event.type !== 'gate-left') return;
    this.#waits += 1;
    this.#waitedMs += event.waitedMs;
    this.#longestMs = Math.max(this.#longestMs, event.waitedMs);
  }

  report(): SimulatedReport {
    const { name, profile, speed, stats } = this.#simulation;
    const { requests, refusedFor, struck, maxOpen } = stats;
    return {
      name,
      profile,
      speed,
      realMs: Math.round(performance.now() - this.#startedMs),
      busy: Math.round(100 * performance.eventLoopUtilization(this.#startedLoop).utilization) / 100,
      provider: { requests, refusedFor, struck, maxOpen },
      gate: {
        waits: this.#waits,
        waitedMs: Math.round(this.#waitedMs),
        longestMs: Math.round(this.#longestMs),
      },
      retries: { ...this.#retries },
    };
  }
}

/** Above it, what skein does itself takes a good part of the time, of which at a higher speed than 1 too much is counted. */
const TOO_BUSY = 0.5;

/** What nobody may overlook. @param usd  of all responses; null where it is not known */
export function simulatedNotice(
  { name, profile, speed, realMs }: SimulatedReport,
  usd: number | null,
): string {
  const cost =
    usd === null
      ? 'what it would cost is not known, as the profile has no prices'
      : `the cost is an estimate${profile.prices ? ' by the prices of the profile' : ''}`;
  const pace =
    speed === 1 ? '' : ` It took ${formatDuration(realMs)}: times are simulated, ${speed} times as fast.`;
  return `Simulated with the profile ${name}: no language model was used. Replies and changes are made up, and ${cost}.${pace}`;
}

/** Why the times are not to be relied on; undefined when they are. */
export function simulatedDoubt({ speed, busy }: SimulatedReport): string | undefined {
  if (speed === 1 || busy < TOO_BUSY) return undefined;
  return `The main thread was busy for ${Math.round(100 * busy)} % of the time, which is not scaled: times would be shorter than they are here. Take a lower speed.`;
}

/** What a report says of it, in a few facts: `480 requests`, `12 refused with 429`, … */
export function simulatedFacts({ provider, gate, retries }: SimulatedReport): readonly string[] {
  const refused = Object.values(provider.refusedFor).reduce((sum, count) => sum + count, 0);
  const retried = Object.values(retries).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(retries).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  return [
    countOf(provider.requests, 'request'),
    `${formatCount(refused)} refused with 429`,
    ...(provider.struck > 0 ? [`${formatCount(provider.struck)} made to fail`] : []),
    gate.waits === 0
      ? 'no waits at the gate'
      : `${countOf(gate.waits, 'wait')} at the gate, ${formatDuration(gate.waitedMs / gate.waits)} on average and at most ${formatDuration(gate.longestMs)}`,
    countOf(retried, 'retry', 'retries') + (retried > 0 ? ` (${kinds.join(', ')})` : ''),
  ];
}

import { CRASH_WAYS } from './crash.ts';
import {
  BETWEEN_TOKENS_MS,
  DELTAS,
  FIRST_TOKEN_MS,
  LAST_WORDS,
  MODEL_CALLS,
  NEW_LINE,
  OLD_LINE,
  pathOf,
} from './workload.ts';

export interface ScenarioCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ScenarioResponse {
  /** Deltas of text before the last words. */
  readonly deltas: number;
  readonly lastWords: string;
  readonly calls: readonly ScenarioCall[];
  /** The last words are the time at which the request was there; see `stampedToken`. */
  readonly tellsArrival?: true;
}

export interface Scenario {
  /** By the number of assistant messages in the request. */
  readonly responses: readonly ScenarioResponse[];
  /** To every request after those. */
  readonly afterwards?: ScenarioResponse;
  /** Undefined: everything at once. */
  readonly pace?: { readonly firstMs: number; readonly betweenMs: number };
}

/** How long the burning session keeps its thread. */
export const BURN_MS = 3_000;

/** What the model server answers, by the name of the model. `edits-n` reads and edits n files, one a turn. */
export function scenarioNamed(name: string): Scenario | undefined {
  const turns = /^edits-(\d+)$/.exec(name)?.[1];
  if (turns === undefined) return SCENARIOS[name];
  return (SCENARIOS[name] ??= { responses: editing(Number(turns), EDITS_DELTAS, HEAD_LINES) });
}

/** Of a turn of `edits-n`. */
const EDITS_DELTAS = 20;
/** What it reads of its file. */
const HEAD_LINES = 30;

const SCENARIOS: Record<string, Scenario> = {
  fast: { responses: editing() },
  paced: { responses: editing(), pace: { firstMs: FIRST_TOKEN_MS, betweenMs: BETWEEN_TOKENS_MS } },
  burn: {
    responses: [response([{ name: 'burn', arguments: { ms: BURN_MS } }]), response([], 'Burnt.')],
  },
  meter: { responses: [response([{ name: 'meter', arguments: {} }]), response([], 'Measured.')] },
  /** As `fast`, and then one more prompt, answered with the last words alone. */
  kept: { responses: [...editing(), response([], LAST_WORDS)] },
  ...Object.fromEntries(
    CRASH_WAYS.map((way) => [
      `crash-${way}`,
      { responses: [response([{ name: 'crash', arguments: { way } }]), response([], 'Went on.')] },
    ]),
  ),
  'one-edit': { responses: [response(readAndEdit(0)), response([], 'Done.')] },
  'one-edit-then-arrivals': {
    responses: [response(readAndEdit(0)), response([], 'Done.')],
    afterwards: { ...response([]), tellsArrival: true },
  },
  spin: { responses: [response([{ name: 'spin', arguments: {} }]), response([], 'Spun.')] },
};

/** @param turns  in which a file is read and edited; one more says the last words */
function editing(turns = MODEL_CALLS - 1, deltas = DELTAS, headLines?: number): ScenarioResponse[] {
  return Array.from({ length: turns + 1 }, (_, index) =>
    index < turns
      ? { deltas, lastWords: '', calls: readAndEdit(index, headLines) }
      : { deltas, lastWords: LAST_WORDS, calls: [] },
  );
}

function response(calls: readonly ScenarioCall[], lastWords = ''): ScenarioResponse {
  return { deltas: 0, lastWords, calls };
}

function readAndEdit(index: number, headLines?: number): ScenarioCall[] {
  const path = pathOf(index);
  return [
    { name: 'read', arguments: { path, ...(headLines === undefined ? {} : { limit: headLines }) } },
    { name: 'edit', arguments: { path, old_string: OLD_LINE, new_string: NEW_LINE } },
  ];
}

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
}

export interface Scenario {
  /** By the number of assistant messages in the request. */
  readonly responses: readonly ScenarioResponse[];
  /** Undefined: everything at once. */
  readonly pace?: { readonly firstMs: number; readonly betweenMs: number };
}

/** How long the burning session keeps its thread. */
export const BURN_MS = 3_000;

/** What the model server answers, by the name of the model. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  fast: { responses: editing() },
  paced: { responses: editing(), pace: { firstMs: FIRST_TOKEN_MS, betweenMs: BETWEEN_TOKENS_MS } },
  burn: {
    responses: [response([{ name: 'burn', arguments: { ms: BURN_MS } }]), response([], 'Burnt.')],
  },
  meter: { responses: [response([{ name: 'meter', arguments: {} }]), response([], 'Measured.')] },
  'one-edit': { responses: [response(readAndEdit(0)), response([], 'Done.')] },
};

function editing(): ScenarioResponse[] {
  return Array.from({ length: MODEL_CALLS }, (_, index) =>
    index < MODEL_CALLS - 1
      ? { deltas: DELTAS, lastWords: '', calls: readAndEdit(index) }
      : { deltas: DELTAS, lastWords: LAST_WORDS, calls: [] },
  );
}

function response(calls: readonly ScenarioCall[], lastWords = ''): ScenarioResponse {
  return { deltas: 0, lastWords, calls };
}

function readAndEdit(index: number): ScenarioCall[] {
  const path = pathOf(index);
  return [
    { name: 'read', arguments: { path } },
    { name: 'edit', arguments: { path, old_string: OLD_LINE, new_string: NEW_LINE } },
  ];
}

import { changeImage, imageDifferences } from '../workspace/change-image.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { fileDifferences } from '../workspace/files-view.ts';
import type { JournalStore } from '../journal/store.ts';
import { inWorkflow } from '../telemetry/workflow.ts';
import { baseSessionOf, standingOf, type ItemStanding } from './item-standing.ts';
import {
  joinConflicts,
  mergeOutcomes,
  selectWinners,
  unseenChanges,
  type Merge,
  type UnseenTest,
} from './merge.ts';
import type { BatchItem } from './plan.ts';
import { keepBase, runBatch, type BatchOptions, type BatchOutcome, type ItemOutcome } from './run-batch.ts';
import { addSpent, NOTHING_SPENT } from './spent.ts';

export const DEFAULT_RERUNS = 3;

/** Items that ran over the same files. */
export interface Round {
  readonly image: BaseImage;
  /** In the batch's order. */
  readonly outcomes: readonly ItemOutcome[];
  /** Ids of those that ran again in the next round, of whose changes nothing was taken. Empty in the last round. */
  readonly loserIds: readonly string[];
}

export interface RoundsOptions extends BatchOptions {
  /** How often items whose changes contradict others' may be run again. 0: not at all, they stay in conflict. */
  readonly maxReruns: number;
  readonly isUnseen?: UnseenTest;
  /** Rounds that earlier runs have closed; `image` is the base of the one after them. */
  readonly closedRounds?: readonly Round[];
  /** Called with the losers of every round so far, before the next begins: what {@link readRounds} wants to know. */
  readonly onLosers?: (losersByRound: readonly (readonly string[])[]) => Promise<void>;
}

export interface RoundsOutcome extends BatchOutcome {
  /** Oldest first, at least one. */
  readonly rounds: readonly Round[];
}

/**
 * {@link runBatch}, and then the losers again: items whose changes contradict those of items before them. They start
 * from the base with the winners' changes, each in a new session, and so on until nothing contradicts, or for
 * `maxReruns` rounds.
 * @throws as `runBatch`
 */
export async function runRounds(options: RoundsOptions): Promise<RoundsOutcome> {
  const { job, items } = options;
  return inWorkflow({ name: job.name, items: items.length }, () => runAllRounds(options));
}

async function runAllRounds(options: RoundsOptions): Promise<RoundsOutcome> {
  const { items, maxReruns, isUnseen, onEvent = () => undefined, onLosers } = options;
  const startedMs = performance.now();
  const closed: Round[] = [...(options.closedRounds ?? [])];
  // Of all rounds together there is one beginning and one end.
  const inside: NonNullable<BatchOptions['onEvent']> = (event) =>
    event.type === 'batch-ended' ? undefined : onEvent(event);
  const first = await runBatch({ ...options, round: closed.length + 1, onEvent: inside });
  const outcomes = new Map(first.items.map((outcome) => [outcome.item.id, outcome]));

  let { image } = options;
  let latest: Pick<BatchOutcome, 'interrupted' | 'stoppedBy'> = first;
  let ran: readonly ItemOutcome[] = first.items.filter((outcome) => !isOfRound(outcome, closed));
  while (!latest.interrupted && !latest.stoppedBy && closed.length < maxReruns) {
    const { losers, changes } = selectWinners(ran, image, isUnseen);
    if (losers.length === 0) break;
    closed.push({ image, outcomes: ran, loserIds: losers.map(({ item }) => item.id) });
    await onLosers?.(closed.map(({ loserIds }) => loserIds));
    const round = closed.length + 1;
    image = changeImage(image, changes);
    const base = { ...options, image };
    await keepBase(base, round);
    await onEvent({ type: 'round-started', round, items: losers.length });
    const rerun = await runBatch({
      ...base,
      round,
      items: losers.map(({ item }) => item),
      standings: new Map(losers.map((loser) => [loser.item.id, againIn(round, loser)])),
      onEvent: (event) => (event.type === 'batch-started' ? undefined : inside(event)),
    });
    for (const outcome of rerun.items) outcomes.set(outcome.item.id, outcome);
    latest = rerun;
    ran = rerun.items;
  }

  const outcome: RoundsOutcome = {
    items: items.map(({ id }) => outcomes.get(id)!),
    rounds: [...closed, { image, outcomes: ran, loserIds: [] }],
    interrupted: latest.interrupted,
    stoppedBy: latest.stoppedBy,
    startedAt: first.startedAt,
    durationMs: performance.now() - startedMs,
  };
  await onEvent({ type: 'batch-ended', outcome });
  return outcome;
}

/** It was taken from a round that is closed. */
function isOfRound({ item }: ItemOutcome, closed: readonly Round[]): boolean {
  return closed.some(
    ({ outcomes, loserIds }) =>
      !loserIds.includes(item.id) && outcomes.some((outcome) => outcome.item.id === item.id),
  );
}

function againIn(round: number, { result, earlier = NOTHING_SPENT }: ItemOutcome): ItemStanding {
  return { at: 'start', round, attempt: 1, spent: result ? addSpent(earlier, result) : earlier };
}

/** What all rounds of a batch come to, against the base of the first. */
export function mergeRounds(rounds: readonly Round[], isUnseen?: UnseenTest): Merge {
  const [first] = rounds;
  const last = rounds.at(-1);
  if (!first || !last) return { changes: [], conflicts: [] };
  const merge = mergeOutcomes(last.outcomes, last.image, isUnseen);
  if (first === last) return merge;
  const overlay = new Map(imageDifferences(first.image, last.image).map(({ path, after }) => [path, after]));
  for (const { path, after } of merge.changes) overlay.set(path, after);
  // What was left out of a closed round is not in the next one's base.
  const leftOut = rounds.slice(0, -1).flatMap(({ outcomes, loserIds }, i) => {
    const next = rounds[i + 1]!.image;
    const winners = outcomes.filter(({ item }) => !loserIds.includes(item.id));
    return unseenChanges(
      winners,
      ({ path, before, after }) => before === null && after !== null && !next.has(path),
    );
  });
  return {
    changes: fileDifferences([first.image], overlay),
    conflicts: joinConflicts([...leftOut, ...merge.conflicts]),
  };
}

/** The rounds of a batch as its journal has them. */
export interface StoredRounds {
  readonly closed: readonly Round[];
  /** Of the round that is to be gone on with. */
  readonly image: BaseImage;
  /** By item id: how it ended in a closed round where its changes were taken, else how far it has come in this one. */
  readonly standings: ReadonlyMap<string, ItemStanding>;
}

/**
 * @param baseOf  the base image of a round; undefined where the journal has none
 * @param losersByRound  as they were told to `onLosers`
 * @throws {StoreError} `store_corrupt`
 */
export function readRounds(
  store: JournalStore,
  items: readonly BatchItem[],
  baseOf: (sessionId: string) => BaseImage | undefined,
  losersByRound: readonly (readonly string[])[],
  first: BaseImage,
): StoredRounds {
  const closed: Round[] = [];
  const standings = new Map<string, ItemStanding>();
  let image = first;
  for (const loserIds of losersByRound) {
    const next = baseOf(baseSessionOf(closed.length + 2));
    // It was ended in between: the round is closed again in the same way.
    if (!next) break;
    const round = closed.length + 1;
    const outcomes: ItemOutcome[] = [];
    for (const item of items.filter(({ id }) => !standings.has(id))) {
      const standing = standingOf(item.id, store, round);
      if (standing.at !== 'done') continue;
      const { result, spent } = standing;
      outcomes.push({ item, status: 'done', result, error: null, round, earlier: spent });
      if (!loserIds.includes(item.id)) standings.set(item.id, standing);
    }
    closed.push({ image, outcomes, loserIds });
    image = next;
  }
  const round = closed.length + 1;
  for (const { id } of items) if (!standings.has(id)) standings.set(id, standingOf(id, store, round));
  return { closed, image, standings };
}

import type { BatchEvent, ItemOutcome } from '../batch/run-batch.ts';
import { NO_COST, type Cost } from '../model/model.ts';
import { addCost } from '../model/usage.ts';
import type { SessionEvent } from '../pool/events.ts';

/** What a person wants to know while a batch runs. */
export interface ProgressState {
  items: number;
  done: number;
  failed: number;
  /** Of those that have ended: they were begun by an earlier run of the batch. */
  resumed: number;
  /** Of all sessions, those that still run included. */
  tokens: number;
  cost: Cost;
  /** From 1. */
  round: number;
  /** What each running item is doing, in the order they started. */
  readonly running: Map<string, string>;
}

export function newProgress(): ProgressState {
  return { items: 0, done: 0, failed: 0, resumed: 0, tokens: 0, cost: NO_COST, round: 1, running: new Map() };
}

/** Takes one event into the state. */
export function advance(state: ProgressState, event: BatchEvent): void {
  switch (event.type) {
    case 'batch-started':
      state.items = event.items;
      break;
    case 'item-started':
      state.running.set(event.item.id, event.resumed ? 'resuming' : 'starting');
      break;
    case 'item-event':
      followSession(state, event.item.id, event.event);
      break;
    case 'item-ended':
      countEnd(state, event.outcome);
      break;
    case 'round-started':
      state.round = event.round;
      // They are to be done again.
      state.done -= event.items;
      break;
    case 'batch-ended':
      break;
  }
}

function followSession(state: ProgressState, itemId: string, event: SessionEvent): void {
  switch (event.type) {
    case 'prompt-started':
      state.running.set(itemId, 'thinking');
      break;
    case 'tool-started':
      state.running.set(itemId, event.name);
      break;
    case 'model-retried':
      state.running.set(itemId, `retrying: ${event.kind}`);
      break;
    case 'budget':
      state.running.set(itemId, event.action === 'pause' ? 'paused: budget' : 'over budget');
      break;
    case 'resumed':
      state.running.set(itemId, 'thinking');
      break;
    case 'gate-waiting':
      state.running.set(itemId, `waiting: ${event.reason}`);
      break;
    case 'gate-admitted':
      state.running.set(itemId, 'thinking');
      break;
    case 'model-fell-back':
      state.running.set(itemId, `asking ${event.to}`);
      break;
    case 'turn-ended':
      state.tokens += event.usage.totalTokens;
      state.cost = addCost(state.cost, event.usage.cost);
      state.running.set(itemId, 'thinking');
      break;
    case 'text':
    case 'reasoning':
    case 'tool-ended':
    case 'step-retried':
    case 'compacted':
    case 'loop-warned':
    case 'schema-refused':
    case 'output-refused':
    // What comes of it follows.
    case 'gate-left':
    case 'prompt-ended':
      break;
  }
}

function countEnd(state: ProgressState, { item, status, resumed }: ItemOutcome): void {
  state.running.delete(item.id);
  if (resumed) state.resumed += 1;
  if (status === 'done') state.done += 1;
  else state.failed += 1;
}

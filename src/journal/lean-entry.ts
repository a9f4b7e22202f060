import type { ModelSource } from '../model/message.ts';
import type { ModelResponse } from '../model/model.ts';
import type { StepNext } from '../protocol/messages.ts';
import type { JournalEntry } from './entries.ts';
import { sharedOpening } from './shared-opening.ts';

/**
 * The same entry, which shares with others what most entries say alike. What comes from a thread or a store is a copy
 * of its own down to the shortest list, and a journal in memory keeps all of it: 300 bytes a turn.
 */
export function leanEntry(entry: JournalEntry): JournalEntry {
  switch (entry.type) {
    case 'step-ended':
      return {
        ...entry,
        opening: entry.opening && sharedOpening(entry.opening),
        results: orNone(entry.results),
        changes: orNone(entry.changes),
        next: entry.next.wait === 'model' ? FOR_THE_MODEL : entry.next,
      };
    case 'restored':
      return { ...entry, opening: entry.opening && sharedOpening(entry.opening) };
    case 'model-responded':
      return { ...entry, response: leanResponse(entry.response) };
    default:
      return entry;
  }
}

const FOR_THE_MODEL: StepNext = Object.freeze({ wait: 'model' });
const NONE: readonly never[] = Object.freeze([]);

function orNone<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? NONE : list;
}

/** Those of late: a pool asks few models. */
const MAX_SOURCES = 64;
const sources = new Map<string, ModelSource>();

function leanResponse(response: ModelResponse): ModelResponse {
  const { toolCalls, reasoningDetails, from } = response;
  return {
    ...response,
    toolCalls: orNone(toolCalls),
    ...(reasoningDetails ? { reasoningDetails: orNone(reasoningDetails) } : {}),
    ...(from ? { from: sharedSource(from) } : {}),
  };
}

function sharedSource(from: ModelSource): ModelSource {
  const key = JSON.stringify(from);
  const known = sources.get(key);
  if (known) return known;
  if (sources.size >= MAX_SOURCES) sources.clear();
  sources.set(key, from);
  return from;
}

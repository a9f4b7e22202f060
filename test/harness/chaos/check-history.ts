import type { JournalEntry } from '../../../src/journal/entries.ts';
import { checkJournal, resultKey, type JournaledPrompt } from '../shared/check-journal.ts';
import type { Violations } from '../shared/violations.ts';
import type { HistoryLine } from './history.ts';
import { ChaosPlan } from './plan.ts';

type Of<Type extends HistoryLine['type']> = Extract<HistoryLine, { type: Type }>;

/** One sending of a prompt, with all that was heard of it. */
export interface Operation {
  readonly invoke: Of<'invoke'>;
  readonly events: Of<'event'>[];
  readonly ends: (Of<'ok'> | Of<'fail'> | Of<'unknown'>)[];
}

export interface HistoryCheck {
  readonly operations: readonly Operation[];
  /** By prompt id. */
  readonly journaled: ReadonlyMap<string, JournaledPrompt>;
}

/**
 * Holds what callers were told against what the store has: nothing acknowledged is lost, nothing is there twice, every
 * prompt has one end, and all is in order. Knows the history and the journals, and nothing of the pool.
 */
export function checkHistory(
  history: readonly HistoryLine[],
  journals: ReadonlyMap<string, readonly JournalEntry[]>,
  violations: Violations,
): HistoryCheck {
  const run = history.find((line) => line.type === 'run');
  if (!run) throw new TypeError('a history begins with its run');
  const plan = new ChaosPlan(run.seed, run.targets);
  const operations = collect(history, violations);
  const sent = new Set(operations.map(({ invoke }) => invoke.text));
  const journaled = new Map<string, JournaledPrompt>();
  for (const [sessionId, entries] of journals) {
    const planOf = (text: string) => (sent.has(text) ? plan.read(text) : undefined);
    for (const prompt of checkJournal(sessionId, entries, planOf, violations).values()) {
      journaled.set(prompt.promptId, prompt);
      if (prompt.stopReason === null) violations.add('never ended', sessionId, prompt.text);
    }
  }
  const ended = new Map(
    history.flatMap((line) => (line.type === 'ok' ? [[line.promptId, line] as const] : [])),
  );
  for (const operation of operations) {
    checkEvents(operation, journaled, violations);
    checkEnd(operation, journaled, plan, ended, violations);
  }
  checkOrder(operations, journals, violations);
  return { operations, journaled };
}

function collect(history: readonly HistoryLine[], violations: Violations): Operation[] {
  const byOp = new Map<number, Operation>();
  for (const line of history) {
    if (line.type === 'invoke') byOp.set(line.op, { invoke: line, events: [], ends: [] });
    if (!('op' in line) || line.type === 'invoke') continue;
    const operation = byOp.get(line.op);
    if (!operation) {
      violations.add('order', `op ${line.op}`, `${line.type} before it was invoked`);
    } else if (line.type === 'event') {
      if (operation.ends.length > 0) violations.add('order', operation.invoke.text, 'an event after its end');
      operation.events.push(line);
    } else {
      operation.ends.push(line);
    }
  }
  return [...byOp.values()];
}

function checkEnd(
  { invoke, ends }: Operation,
  journaled: ReadonlyMap<string, JournaledPrompt>,
  plan: ChaosPlan,
  all: ReadonlyMap<string, Of<'ok'>>,
  violations: Violations,
): void {
  const place = `${invoke.text} (op ${invoke.op})`;
  if (ends.length !== 1) violations.add('terminal events', place, `its caller was told ${ends.length} ends`);
  for (const end of ends) {
    if (end.type === 'unknown') {
      violations.add('never ended', place, 'nobody knows what became of it');
    } else if (end.type === 'fail') {
      violations.add(invoke.other ? 'error of another' : 'refused', place, end.code);
    } else {
      const prompt = journaled.get(end.promptId);
      if (!prompt) {
        violations.add('lost', place, `${end.promptId} is in no journal`);
        continue;
      }
      if (prompt.text !== invoke.text || prompt.key !== invoke.key) {
        violations.add('doubled prompt', place, `was answered with the result of ${prompt.text}`);
      }
      if (prompt.stopReason !== end.stopReason) {
        violations.add('lost', place, `acknowledged ${end.stopReason}, kept ${prompt.stopReason}`);
      }
      if (end.tree !== prompt.tree)
        violations.add('wrong tree', place, 'the result’s files are not the plan’s');
      if (!mayEndSo(plan, invoke, end.stopReason)) {
        const kind = invoke.other ? 'error of another' : 'wrong end';
        violations.add(kind, place, `${end.stopReason} ${prompt.errorCode ?? ''}`);
      }
      if (all.get(end.promptId)?.stopReason !== end.stopReason) {
        violations.add('terminal events', place, 'two callers were told two ends');
      }
    }
  }
}

/** A cancel may hit any prompt of a target in a storm; only a cut answer may fail for good. */
function mayEndSo(plan: ChaosPlan, invoke: Of<'invoke'>, stopReason: string): boolean {
  if (stopReason === 'end') return true;
  if (invoke.other || invoke.mood === 'calm') return false;
  if (stopReason === 'cancelled') return true;
  const fault = plan.read(invoke.text)?.modelFault?.fault;
  return stopReason === 'model-error' && fault?.cutAtByte !== undefined;
}

function checkEvents(
  { invoke, events, ends }: Operation,
  journaled: ReadonlyMap<string, JournaledPrompt>,
  violations: Violations,
): void {
  const place = `${invoke.text} (op ${invoke.op})`;
  if (events.length === 0) return;
  const terminal = events.filter(({ event }) => event === 'prompt-ended');
  if (terminal.length !== 1 && ends.some(({ type }) => type === 'ok')) {
    violations.add('terminal events', place, `${terminal.length} prompt-ended`);
  }
  if (terminal.length > 0 && events.at(-1) !== terminal[0]) {
    violations.add('order', place, 'events after prompt-ended');
  }
  if (events[0]?.event !== 'prompt-started' && events[0]?.event !== 'prompt-ended') {
    violations.add('order', place, `the first event is ${events[0]?.event}`);
  }
  let turn = 0;
  const answered = new Set<string>();
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before && event.seq <= before.seq)
      violations.add('order', place, `seq ${event.seq} after ${before.seq}`);
    if (event.promptId !== events[0]?.promptId) violations.add('order', place, 'events of two prompts');
    if ((event.turn ?? turn) < turn) violations.add('order', place, `turn ${event.turn} after ${turn}`);
    turn = event.turn ?? turn;
    if (event.event !== 'tool-ended') continue;
    const key = resultKey(event.turn ?? 0, event.callId ?? '');
    if (answered.has(key)) violations.add('answered twice', place, `two tool-ended for ${key}`);
    answered.add(key);
    const kept = journaled.get(event.promptId)?.results.get(key);
    if (kept === undefined || !kept.content.startsWith(event.content ?? '')) {
      violations.add('lost', place, `the answer ${key} that was told is not kept`);
    }
  }
  const prompt = journaled.get(events[0]?.promptId ?? '');
  if (!prompt) return violations.add('lost', place, 'it was begun and is in no journal');
  if (terminal.length !== 1) return;
  // Calls that a cancelled prompt never came to were not told of when they were asked for either.
  const begun = new Set(events.flatMap((event) => (event.event === 'tool-started' ? [event.turn] : [])));
  for (const [key, { content }] of prompt.results) {
    const isSilent = content.startsWith('Error: not_run:') && !begun.has(Number(key.split(' ')[0]));
    if (!answered.has(key) && !isSilent) violations.add('lost', place, `the answer ${key} was not told`);
  }
}

/** Prompts are accepted in the order in which they were sent, one session for itself. */
function checkOrder(
  operations: readonly Operation[],
  journals: ReadonlyMap<string, readonly JournalEntry[]>,
  violations: Violations,
): void {
  const sent = new Map<string, string[]>();
  for (const { invoke } of operations) {
    const texts = sent.get(invoke.session) ?? [];
    sent.set(invoke.session, texts);
    if (!texts.includes(invoke.text)) texts.push(invoke.text);
  }
  for (const [sessionId, entries] of journals) {
    const accepted = entries.flatMap((entry) => (entry.type === 'prompt-accepted' ? [entry.text] : []));
    const wanted = (sent.get(sessionId) ?? []).filter((text) => accepted.includes(text));
    const firsts = accepted.filter((text, index) => accepted.indexOf(text) === index);
    if (wanted.join('\n') !== firsts.join('\n')) {
      violations.add('order', sessionId, `accepted as ${accepted.join(', ')}`);
    }
  }
}

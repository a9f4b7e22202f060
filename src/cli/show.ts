import { countOf, usageFacts } from '../batch/format.ts';
import { describeBudget, describeReached } from '../describe-budget.ts';
import { describeContent } from '../model/content.ts';
import type { Message } from '../model/message.ts';
import { transcriptOf, type TranscriptItem } from '../journal/transcript.ts';
import { callSubject } from './call-subject.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printable, printableLine } from './printable.ts';
import { sessionFields, viewTime } from './sessions.ts';
import { openStoreToRead, readStoredSession, stateOf, type StoredSessionView } from './stored-session.ts';
import { describeTerminal, type Colors } from './terminal.ts';

/** Of a tool's result, and of the system prompt. The whole is in `skein export`, and in the records. */
const MAX_LINES = 4;
const MAX_CHARACTERS = 300;

export interface ShowCommandOptions {
  readonly store?: string;
  readonly json?: true;
}

/** `skein show ID`: the transcript of a session in a store, also beside the process that owns it. */
export async function showCommand(sessionId: string, options: ShowCommandOptions): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const store = await openStoreToRead(options.store);
  try {
    const session = readStoredSession(store, sessionId);
    const transcript = transcriptOf(session.entries);
    if (terminal.json) writeRecords(session, transcript);
    else process.stdout.write(viewTranscript(session, transcript, terminal.out));
    return EXIT.done;
  } finally {
    await store.close();
  }
}

function writeRecords(session: StoredSessionView, transcript: readonly TranscriptItem[]): void {
  const writer = new NdjsonWriter((line) => process.stdout.write(line));
  const { model, system } = session.record.spec;
  writer.record('session', { ...sessionFields(session.summary), model, system });
  for (const { type, ...fields } of transcript) writer.record(RECORD_TYPES[type], fields);
}

const RECORD_TYPES: Readonly<Record<TranscriptItem['type'], string>> = {
  message: 'message',
  'prompt-ended': 'prompt.ended',
  'prompt-open': 'prompt.open',
  forked: 'session.forked',
  undone: 'session.undone',
  'budget-reached': 'budget.reached',
  resumed: 'session.resumed',
  'budget-set': 'budget.set',
  compacted: 'context.compacted',
  quarantined: 'session.quarantined',
  released: 'session.released',
  closed: 'session.closed',
};

/** What was said and done, for people. Nothing in it can steer a terminal. */
export function viewTranscript(
  { summary, record }: Pick<StoredSessionView, 'summary' | 'record'>,
  transcript: readonly TranscriptItem[],
  c: Colors,
): string {
  const about = [
    printableLine(record.spec.model),
    stateOf(summary),
    `opened ${viewTime(summary.openedAt)}`,
    countOf(record.turns, 'turn'),
    ...usageFacts(record.usage, null),
  ].join(' · ');
  const head = `${c.bold(printableLine(summary.sessionId))}\n${c.dim(about)}`;
  return `${[head, ...transcript.map((item) => viewItem(item, c))].join('\n\n')}\n`;
}

function viewItem(item: TranscriptItem, c: Colors): string {
  switch (item.type) {
    case 'message':
      return viewMessage(item.message, c);
    case 'prompt-ended': {
      const mark = item.stopReason === 'end' ? c.green('✔') : c.red('✘');
      const why = item.error ? `: ${printableLine(item.error.message)}` : '';
      return `${mark} ${item.stopReason}${why} ${c.dim(viewTime(item.at))}`;
    }
    case 'prompt-open': {
      const mark = c.yellow('… has not ended');
      return item.isBegun ? mark : `${viewPrompt(item.text, c)}\n${mark}`;
    }
    case 'forked': {
      const { sessionId, promptId } = item.from;
      return c.dim(`forked from ${printableLine(sessionId)}, ${viewPoint(promptId)} ${viewTime(item.at)}`);
    }
    case 'undone':
      return c.yellow(`↩ undone to ${viewPoint(item.to)} ${c.dim(viewTime(item.at))}`);
    case 'budget-reached': {
      const what = item.reached.action === 'pause' ? 'paused' : 'stopped';
      return c.yellow(`${what}: ${printableLine(describeReached(item.reached))} ${c.dim(viewTime(item.at))}`);
    }
    case 'resumed':
      return c.dim(`goes on ${viewTime(item.at)}`);
    case 'budget-set':
      return c.dim(`its budget is now ${describeBudget(item.budget)} ${viewTime(item.at)}`);
    case 'compacted': {
      const tokens = `${item.beforeTokens.toLocaleString('en-US')} → ${countOf(item.afterTokens, 'token')}`;
      const sent =
        item.how === 'trimmed'
          ? []
          : item.replacement.map(({ content }) => shortened(describeContent(content ?? '')));
      return c.dim(
        [`⋯ context ${item.how}: ${tokens} ${viewTime(item.at)}`, ...sent.map(indented)].join('\n'),
      );
    }
    case 'quarantined':
      return c.red(`in quarantine: ${printableLine(item.reason)}`);
    case 'released':
      return c.dim(`released ${viewTime(item.at)}`);
    case 'closed':
      return c.dim(`closed ${viewTime(item.at)}`);
  }
}

function viewPoint(promptId: string | null): string {
  return promptId === null ? 'the start' : `the end of prompt ${printableLine(promptId)}`;
}

function viewMessage(message: Message, c: Colors): string {
  switch (message.role) {
    case 'system':
      return c.dim(`system: ${shortened(message.content)}`);
    case 'user':
      return viewPrompt(describeContent(message.content), c);
    case 'tool':
      return c.dim(indented(shortened(message.content)));
    case 'assistant': {
      const calls = (message.tool_calls ?? []).map(
        ({ function: { name, arguments: args } }) =>
          `${c.cyan('→')} ${printableLine(name)} ${c.dim(callSubject(args))}`,
      );
      const text = printable(message.content ?? '');
      return [...(text === '' ? [] : [text]), ...calls].join('\n');
    }
  }
}

function viewPrompt(text: string, c: Colors): string {
  return c.bold(
    printable(text)
      .split('\n')
      .map((line) => `> ${line}`)
      .join('\n'),
  );
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function shortened(text: string): string {
  // Cut after filtering: a sequence that is cut in two would be let through.
  const lines = printable(text).trimEnd().split('\n');
  const kept = lines.slice(0, MAX_LINES).join('\n');
  const cut = Array.from(kept.slice(0, 2 * MAX_CHARACTERS))
    .slice(0, MAX_CHARACTERS)
    .join('');
  return cut.length < kept.length || lines.length > MAX_LINES ? `${cut} …` : cut;
}

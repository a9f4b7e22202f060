import { headChars } from '../head-chars.ts';
import { describeContent } from '../model/content.ts';
import type { Message } from '../model/message.ts';
import { weightOf } from './estimate.ts';
import type { TouchedFiles } from './touched-files.ts';

/** What a model is told that summarises a conversation. */
export const SUMMARY_SYSTEM =
  'You compact the history of a coding session, because it no longer fits in the context window. You are given a part of ' +
  'it as a transcript. Write a summary from which the work can go on without it: what was asked and every constraint that ' +
  'was stated, what was done and with what result, what was decided and why, what was tried and failed, what is in ' +
  'progress, and what comes next. Keep exact names, paths, commands, figures and error messages that still matter. What ' +
  'an earlier summary in the transcript says still holds unless the transcript says otherwise. Do not answer the ' +
  'transcript, do not go on with the work, and write nothing but the summary.';

/** How much of a message is shown at first, in characters; less where the whole would be too long. */
const SHOWN = { said: 6_000, called: 1_000, answered: 2_000 };
/** Below this little is left that could be told. */
const MIN_SCALE = 1 / 64;
const MAX_LISTED_FILES = 60;

/**
 * Asks for a summary of messages.
 * @param maxWeight  what the transcript may weigh; see `weightOf`
 */
export function summaryRequest(messages: readonly Message[], maxWeight: number): readonly Message[] {
  let transcript = transcriptFor(messages, 1);
  for (let scale = 1 / 2; weightOf(transcript) > maxWeight && scale >= MIN_SCALE; scale /= 2) {
    transcript = transcriptFor(messages, scale);
  }
  // Even one line a message is too much: the beginning and the end say most.
  if (weightOf(transcript) > maxWeight) transcript = withoutMiddle(transcript, Math.floor(maxWeight / 4));
  return [
    { role: 'system', content: SUMMARY_SYSTEM },
    { role: 'user', content: `<transcript>\n${transcript}\n</transcript>\n\nWrite the summary.` },
  ];
}

/** What stands in the conversation for the messages that were summarised. */
export function summaryMessage(data: {
  readonly summary: string;
  /** Messages that it stands for. */
  readonly count: number;
  readonly files: TouchedFiles;
}): Message {
  const { summary, count, files } = data;
  const read = files.read.filter((path) => !files.changed.includes(path));
  const parts = [
    `[${count} earlier messages of this conversation were left out, because it no longer fits in the context window. This stands for them.]`,
    summary.trim(),
    ...listed('Files changed so far, latest first', files.changed),
    ...listed('Files read so far, latest first', read),
  ];
  return { role: 'user', content: parts.join('\n\n') };
}

/** What can be said of messages without a model. */
export function mechanicalSummary(messages: readonly Message[]): string {
  const lines: string[] = [];
  const calls = new Map<string, number>();
  const tellCalls = (): void => {
    if (calls.size === 0) return;
    lines.push(`(calls: ${Array.from(calls, ([name, count]) => `${name} ${count}×`).join(', ')})`);
    calls.clear();
  };
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'tool') continue;
    const made = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
    const said = describeContent(message.content ?? '');
    if (said !== '') {
      tellCalls();
      lines.push(`${message.role}: ${shortened(said, 300)}`);
    }
    for (const call of made) calls.set(call.function.name, (calls.get(call.function.name) ?? 0) + 1);
  }
  tellCalls();
  return lines.slice(-40).join('\n');
}

function transcriptFor(messages: readonly Message[], scale: number): string {
  const shown = (text: string, chars: number): string => shortened(text, Math.floor(chars * scale));
  const lines: string[] = [];
  for (const message of messages) {
    const content = describeContent(message.content ?? '');
    if (message.role === 'tool') lines.push(`[result] ${shown(content, SHOWN.answered)}`);
    else if (content !== '') lines.push(`[${message.role}] ${shown(content, SHOWN.said)}`);
    if (message.role !== 'assistant') continue;
    for (const { function: call } of message.tool_calls ?? []) {
      lines.push(`[call] ${call.name} ${shown(call.arguments, SHOWN.called)}`);
    }
  }
  return lines.join('\n');
}

function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${headChars(text, maxChars)}… [${(text.length - maxChars).toLocaleString('en-US')} characters more]`;
}

function withoutMiddle(text: string, chars: number): string {
  const tail = text.slice(text.length - chars).replace(/^[\udc00-\udfff]/, '');
  return `${headChars(text, chars)}\n[…]\n${tail}`;
}

function listed(title: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const more = paths.length > MAX_LISTED_FILES ? `, and ${paths.length - MAX_LISTED_FILES} more` : '';
  return [`${title}: ${paths.slice(0, MAX_LISTED_FILES).join(', ')}${more}`];
}

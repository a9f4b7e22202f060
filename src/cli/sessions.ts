import { countOf, formatCount } from '../batch/format.ts';
import { BASE_SESSION } from '../batch/item-standing.ts';
import { UsageError } from '../errors.ts';
import { describeCost } from '../money.ts';
import type { StoredSession } from '../journal/store.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import { openStoreToRead, stateOf } from './stored-session.ts';
import { describeTerminal, type Colors } from './terminal.ts';
import { textWidth } from './text-width.ts';

export interface SessionsCommandOptions {
  readonly store?: string;
  readonly json?: true;
}

/** `skein sessions [store]`: lists what a store has, also beside the process that owns it. */
export async function sessionsCommand(
  place: string | undefined,
  options: SessionsCommandOptions,
): Promise<ExitCode> {
  if (place !== undefined && options.store !== undefined)
    throw new UsageError('usage', 'Two stores are named; give one, with or without --store.');
  const terminal = describeTerminal(options);
  const store = await openStoreToRead(options.store ?? place);
  try {
    // That of a batch's files is nobody's conversation.
    const sessions = store.sessions().filter(({ sessionId }) => sessionId !== BASE_SESSION);
    if (terminal.json) {
      const writer = new NdjsonWriter((line) => process.stdout.write(line));
      for (const session of sessions) writer.record('session', sessionFields(session));
    } else {
      process.stdout.write(viewSessions(sessions, terminal.out));
    }
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** A session's summary as a record has it. */
export function sessionFields(summary: StoredSession): Readonly<Record<string, unknown>> {
  return {
    id: summary.sessionId,
    forkOf: summary.forkOf,
    state: stateOf(summary),
    prompts: summary.promptCount,
    openPrompts: summary.openPromptCount,
    entries: summary.entryCount,
    turns: summary.turns,
    usage: summary.usage,
    group: summary.group,
    parent: summary.parent,
    openedAt: new Date(summary.openedAt).toISOString(),
    updatedAt: new Date(summary.updatedAt).toISOString(),
  };
}

/** One line a session, in the order in which they were opened. */
export function viewSessions(sessions: readonly StoredSession[], c: Colors): string {
  const hasForks = sessions.some(({ forkOf }) => forkOf !== null);
  const hasSpent = sessions.some(({ turns }) => turns > 0);
  const rows = sessions.map((session) => [
    printableLine(session.sessionId),
    stateOf(session),
    formatCount(session.promptCount),
    ...(hasSpent
      ? [formatCount(session.turns), formatCount(session.usage.totalTokens), describeCost(session.usage.cost)]
      : []),
    viewTime(session.openedAt),
    viewTime(session.updatedAt),
    ...(hasForks ? [printableLine(session.forkOf ?? '')] : []),
  ]);
  const head = [
    'session',
    'state',
    'prompts',
    ...(hasSpent ? ['turns', 'tokens', 'cost'] : []),
    'opened',
    'updated',
    ...(hasForks ? ['fork of'] : []),
  ];
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => textWidth(row[i]!))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell + ' '.repeat(widths[i]! - textWidth(cell)))
      .join('  ')
      .trimEnd();
  const lines = sessions.length === 0 ? [] : [c.dim(line(head)), ...rows.map(line)];
  return `${[...lines, c.bold(countOf(sessions.length, 'session'))].join('\n')}\n`;
}

/** `2026-01-02 03:04:05`, UTC. */
export function viewTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

import { contentOf, type Conversation, type Message } from './conversation.ts';

/** A file, or the part of it, that reads have shown. */
export interface ShownFile {
  /** As the read call gave it. */
  readonly path: string;
  /** Name of the tool that read it. */
  readonly tool: string;
  /** Lines in order, without their numbers and line feeds. */
  readonly lines: readonly string[];
  /** Whether these are all lines. */
  readonly whole: boolean;
}

/** What the read tool puts behind the start of a line that is too long to show. */
const CUT_LINE = /… \[line cut: \d+ characters\]$/;

/** Whether only the start of the line is known. */
export function isCut(line: string): boolean {
  return CUT_LINE.test(line);
}

/**
 * The files that the calls of the last turn read, without those that are empty or were not read. Pages of them that the turns directly before read are put in front, so that a
 * file which was paged through counts as one.
 */
export function shownFiles(conversation: Conversation): ShownFile[] {
  const pages = new Map<string, { tool: string; lines: Map<number, string>; whole: boolean }>();
  let inLastTurn = true;
  for (const message of conversation.messages.toReversed()) {
    if (message.role === 'assistant' && message.tool_calls) {
      inLastTurn = false;
      continue;
    }
    const read = message.role === 'tool' ? readOf(conversation, message) : undefined;
    if (!read) break;
    let file = pages.get(read.path);
    if (!file) {
      if (!inLastTurn) continue;
      file = {
        tool: read.tool,
        lines: new Map(),
        whole: !/\n\[Lines \d+-\d+ of \d+ shown; /.test(read.shown),
      };
      pages.set(read.path, file);
    }
    for (const [number, line] of numberedLines(read.shown)) {
      if (!file.lines.has(number)) file.lines.set(number, line);
    }
  }
  return [...pages].reverse().flatMap(([path, { tool, lines, whole }]) => {
    if (lines.size === 0) return [];
    const run = lastRun(lines);
    return { path, tool, lines: run.lines, whole: whole && run.first === 1 };
  });
}

/** A tool result that is a file's content; undefined when it is something else, or an error. */
function readOf(
  conversation: Conversation,
  message: Message,
): { path: string; tool: string; shown: string } | undefined {
  const call = conversation.callOf(message);
  if (!call || !/^read(?:_|$)/i.test(call.function.name)) return undefined;
  const path = pathOf(call.function.arguments);
  if (path === undefined) return undefined;
  return { path, tool: call.function.name, shown: contentOf(message) };
}

/** Undefined too for a read of lines without their beginnings. */
function pathOf(callArguments: string): string | undefined {
  try {
    const { path, column } = JSON.parse(callArguments) as { path?: unknown; column?: unknown };
    return typeof path === 'string' && !column ? path : undefined;
  } catch {
    return undefined;
  }
}

/** `cat -n`: a right-aligned number, a tab, the line. Notes before and after have no number and are dropped. */
function* numberedLines(shown: string): Generator<[number, string]> {
  for (const line of shown.split('\n')) {
    const number = /^ *(\d+)\t/.exec(line);
    if (number) yield [Number(number[1]), line.slice(number[0].length)];
  }
}

/** The last lines without a gap between them. */
function lastRun(lines: ReadonlyMap<number, string>): { first: number; lines: string[] } {
  const numbers = [...lines.keys()].sort((a, b) => a - b);
  let first = numbers.length;
  while (first > 0 && (first === numbers.length || numbers[first - 1] === numbers[first]! - 1)) first--;
  return { first: numbers[first] ?? 1, lines: numbers.slice(first).map((number) => lines.get(number)!) };
}

import type { ToolResult } from '../tools/tool.ts';
import { isFilePath } from '../workspace/paths.ts';
import type { FileChange } from '../workspace/workspace.ts';
import type { CallTiming, Opening, StepNext, StepOutcome } from './messages.ts';

/** What arrives: a structured clone, so that looking at it runs no code. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * What a thread reports is checked before the coordinator believes it: a custom tool runs in the same thread and
 * could have damaged anything there. By hand, since it is done for every step; what no field of the outcome is, is left out.
 * @returns `undefined` when the message is not a step outcome
 */
export function readStepOutcome(message: unknown): StepOutcome | undefined {
  if (!isFields(message)) return undefined;
  switch (message['type']) {
    case 'miss':
      return { type: 'miss' };
    case 'failed': {
      const { error } = message;
      if (!isFields(error) || typeof error['code'] !== 'string' || typeof error['message'] !== 'string')
        return undefined;
      return { type: 'failed', error: { code: error['code'], message: error['message'] } };
    }
    case 'done': {
      const opening = readOpening(message['opening']);
      const results = readList(message['results'], readResult);
      const changes = readList(message['changes'], readChange);
      const next = readNext(message['next']);
      if (opening === undefined || !results || !changes || !next) return undefined;
      if (message['timings'] === undefined) return { type: 'done', opening, results, changes, next };
      const timings = readList(message['timings'], readTiming);
      return timings && { type: 'done', opening, results, changes, next, timings };
    }
    default:
      return undefined;
  }
}

function readOpening(value: unknown): Opening | null | undefined {
  if (value === null) return null;
  if (!isFields(value)) return undefined;
  const { system, tools } = value;
  return isTextOrNull(system) && isTextOrNull(tools) ? { system, tools } : undefined;
}

function readResult(value: unknown): ToolResult | undefined {
  if (!isFields(value)) return undefined;
  const { callId, name, content, isError } = value;
  const isResult =
    typeof callId === 'string' &&
    typeof name === 'string' &&
    typeof content === 'string' &&
    typeof isError === 'boolean';
  return isResult ? { callId, name, content, isError } : undefined;
}

function readChange(value: unknown): FileChange | undefined {
  if (!isFields(value)) return undefined;
  const { path, bytes } = value;
  if (typeof path !== 'string' || !isFilePath(path)) return undefined;
  return bytes === null || bytes instanceof Uint8Array ? { path, bytes } : undefined;
}

function readTiming(value: unknown): CallTiming | undefined {
  if (!isFields(value)) return undefined;
  const { callId, startEpochMs, endEpochMs } = value;
  const isTiming = typeof callId === 'string' && Number.isFinite(startEpochMs) && Number.isFinite(endEpochMs);
  return isTiming
    ? { callId, startEpochMs: startEpochMs as number, endEpochMs: endEpochMs as number }
    : undefined;
}

function readNext(value: unknown): StepNext | undefined {
  if (!isFields(value)) return undefined;
  switch (value['wait']) {
    case 'model':
      return { wait: 'model' };
    case 'prompt':
      return { wait: 'prompt' };
    case 'outside': {
      const callIds = readList(value['callIds'], readText);
      return callIds && { wait: 'outside', callIds };
    }
    case 'repair': {
      const { message } = value;
      return typeof message === 'string' ? { wait: 'repair', message } : undefined;
    }
    case 'nothing':
      return readEnd(value);
    default:
      return undefined;
  }
}

function readEnd({ stopReason, output, problem }: Fields): StepNext | undefined {
  switch (stopReason) {
    case 'end':
    case 'max-turns':
      if (output === undefined) return { wait: 'nothing', stopReason };
      return typeof output === 'string' && isJson(output)
        ? { wait: 'nothing', stopReason, output }
        : undefined;
    case 'invalid-output':
      return typeof problem === 'string' ? { wait: 'nothing', stopReason, problem } : undefined;
    default:
      return undefined;
  }
}

/** `undefined` when one of the items is. */
function readList<Item>(
  value: unknown,
  read: (item: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: Item[] = [];
  for (const one of value) {
    const item = read(one);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

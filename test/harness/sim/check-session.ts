import type { JournalEntry } from '../../../src/journal/entries.ts';
import { SessionRecord } from '../../../src/journal/session-record.ts';
import type { Session } from '../../../src/pool/session.ts';
import { namedTools } from '../../../src/tools/presets.ts';
import { runCall } from '../../../src/tools/run-call.ts';
import { ToolSet } from '../../../src/tools/tool-set.ts';
import type { Tool, ToolCall, ToolResult } from '../../../src/tools/tool.ts';
import { BaseImage } from '../../../src/workspace/base-image.ts';
import { FilesView } from '../../../src/workspace/files-view.ts';
import { OverlayWorkspace } from '../../../src/workspace/overlay-workspace.ts';
import type { FileChange } from '../../../src/workspace/workspace.ts';
import { providerRefuses } from './sim-model.ts';
import { effectFile } from './sim-tools.ts';

/**
 * Does again, once and without faults, what the journal says was done, and compares every result and every file
 * change: a call whose work was lost, doubled or seen too early shows here.
 * @returns what is wrong
 */
export async function checkHistory(
  entries: readonly JournalEntry[],
  hostTools: readonly Tool[],
): Promise<string | undefined> {
  const [opened] = entries;
  if (opened?.type !== 'opened') return 'the journal does not begin with `opened`';
  const { spec } = opened;
  const filesFrom = (changes: readonly FileChange[]): OverlayWorkspace =>
    new OverlayWorkspace({
      images: spec.images.map((handle) => BaseImage.open(handle)),
      changes,
      quota: spec.quota,
    });
  let workspace = filesFrom([]);
  const tools = new ToolSet([...namedTools('coding-agent', []), ...hostTools]);
  const { signal } = new AbortController();
  let calls = new Map<string, ToolCall>();
  for (const entry of entries) {
    if (entry.type === 'model-responded') {
      calls = new Map(entry.response.toolCalls.map((call) => [call.id, call]));
    } else if (entry.type === 'step-ended') {
      for (const result of entry.results) {
        const call = calls.get(result.callId);
        if (!call) return `a result of ${result.callId}, which was not asked for`;
        const right = await runCall(tools, call, { workspace, sessionId: spec.sessionId, signal });
        if (!isEqual(right, result)) return `${show(result)} should be ${show(right)}`;
      }
      const problem = differentChanges(entry.changes, workspace.takeChanges());
      if (problem !== undefined) return `step ${entry.stepId}: ${problem}`;
    } else if (entry.type === 'restored') {
      workspace = filesFrom(entry.overlay);
    } else if (entry.type === 'effect-ended') {
      const problem = wrongEffect(entry);
      if (problem !== undefined) return problem;
      workspace.applyChanges(entry.changes);
    }
  }
  return undefined;
}

/** Whether the session shows what its journal says. @returns what is wrong */
export function checkShown(session: Session, entries: readonly JournalEntry[]): string | undefined {
  const record = SessionRecord.fold(entries);
  const shown = JSON.stringify(session.messages());
  const right = JSON.stringify(record.conversation.messages);
  if (shown !== right) return `its messages are ${shown} and its journal has ${right}`;
  const images = record.spec.images.map((handle) => BaseImage.open(handle));
  const problem = differentFiles(session.files(), new FilesView(images, record.overlay));
  if (problem !== undefined) return problem;
  const { promptId, queued } = session.status();
  if (promptId !== (record.active?.promptId ?? null)) {
    return `${promptId} is active, in its journal ${record.active?.promptId}`;
  }
  if (queued !== record.queue.length) return `${queued} prompts wait, in its journal ${record.queue.length}`;
  return undefined;
}

/** Whether the journal folds to a conversation that a provider takes, when nothing is under way. */
export function checkConversation(entries: readonly JournalEntry[]): string | undefined {
  return providerRefuses(SessionRecord.fold(entries).conversation.messages);
}

/** The files that a prompt left, as the journal has them. */
export function filesAfter(entries: readonly JournalEntry[], promptId: string): ReadonlyMap<string, unknown> {
  const end = entries.findIndex((entry) => entry.type === 'prompt-ended' && entry.promptId === promptId);
  const record = SessionRecord.fold(entries.slice(0, end + 1));
  return new FilesView(
    record.spec.images.map((handle) => BaseImage.open(handle)),
    record.overlay,
  );
}

export function differentFiles(
  shown: ReadonlyMap<string, unknown>,
  right: ReadonlyMap<string, unknown>,
): string | undefined {
  const paths = new Set([...shown.keys(), ...right.keys()]);
  for (const path of paths) {
    if (shown.get(path) !== right.get(path)) {
      return `${path} is ${JSON.stringify(shown.get(path))}, in its journal ${JSON.stringify(right.get(path))}`;
    }
  }
  return undefined;
}

function wrongEffect(entry: Extract<JournalEntry, { type: 'effect-ended' }>): string | undefined {
  const { result, changes } = entry;
  const token = /^ok (.*)$/.exec(result.content)?.[1];
  if (token === undefined || result.name !== 'effect') {
    return changes.length === 0 ? undefined : `${show(result)} changed files`;
  }
  const { path, content } = effectFile(token);
  const bytes = new Uint8Array(Buffer.from(content));
  return differentChanges(changes, [{ path, bytes }]);
}

function differentChanges(kept: readonly FileChange[], right: readonly FileChange[]): string | undefined {
  const text = (changes: readonly FileChange[]): string =>
    JSON.stringify(
      changes.map(({ path, bytes }) => [path, bytes === null ? null : Buffer.from(bytes).toString()]),
    );
  return text(kept) === text(right) ? undefined : `it changed ${text(kept)} and should ${text(right)}`;
}

function isEqual(a: ToolResult, b: ToolResult): boolean {
  return a.callId === b.callId && a.name === b.name && a.content === b.content && a.isError === b.isError;
}

function show({ callId, name, content }: ToolResult): string {
  return `${callId} (${name}) ${JSON.stringify(content)}`;
}

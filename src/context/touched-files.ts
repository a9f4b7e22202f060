import type { Message } from '../model/message.ts';

/** Paths by what the calls of built-in tools did with them, latest first. */
export interface TouchedFiles {
  readonly read: readonly string[];
  readonly changed: readonly string[];
}

const READING: ReadonlySet<string> = new Set(['read', 'read_file']);
const CHANGING: ReadonlySet<string> = new Set([
  'write',
  'write_file',
  'edit',
  'edit_file',
  'multi_edit',
  'apply_patch',
  'apply_patch_atomic',
  'patch',
]);
/** How the two formats of patches name files. */
const PATCHED = /^(?:\*\*\* (?:(?:Add|Update|Delete) File|Move to): |(?:\+\+\+ b\/|--- a\/))(.+?)\s*$/gm;

/** The files that a conversation tells of, by its calls that were answered without an error. */
export function touchedFiles(messages: readonly Message[]): TouchedFiles {
  const read = new Set<string>();
  const changed = new Set<string>();
  let calls = new Map<string, { readonly name: string; readonly arguments: string }>();
  for (const message of messages) {
    if (message.role === 'assistant') {
      calls = new Map((message.tool_calls ?? []).map((call) => [call.id, call.function]));
    }
    if (message.role !== 'tool' || message.content.startsWith('Error: ')) continue;
    const call = calls.get(message.tool_call_id);
    if (!call) continue;
    const files = READING.has(call.name) ? read : CHANGING.has(call.name) ? changed : undefined;
    for (const path of files ? pathsIn(call.arguments) : []) {
      // The latest place counts.
      files?.delete(path);
      files?.add(path);
    }
  }
  return { read: [...read].reverse(), changed: [...changed].reverse() };
}

/** The one path that a call names, or those in its patch. */
function pathsIn(args: string): readonly string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(args);
  } catch {
    // What the tool made of it cannot be told from here.
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null) return [];
  const { path, ...others } = parsed as Record<string, unknown>;
  if (typeof path === 'string') return [withoutSlash(path)];
  return Object.values(others).flatMap((value) =>
    typeof value === 'string'
      ? Array.from(value.matchAll(PATCHED), ([, name = '']) => withoutSlash(name))
      : [],
  );
}

/** As the workspace names it. */
function withoutSlash(path: string): string {
  return path.replace(/^(?:\.?\/)+/, '');
}

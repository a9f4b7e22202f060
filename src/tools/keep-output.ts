import { OUTPUTS_DIRECTORY } from '../workspace/scratch.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { WorkspaceError } from '../errors.ts';
import { countLines, headOf, isWithinOutput, linesFrom, tailOf } from './output.ts';

/** What a call may do with an output that is too long for its answer. */
export interface OutputKeeping {
  /** Tools by which the model can open a file; with none a long output is cut, and nothing is kept. */
  readonly readers: readonly string[];
  /** Takes secrets out, before anything is kept. */
  readonly redact?: (text: string) => string;
}

/** Where an output is now, and how much of it. */
export interface KeptFile {
  readonly path: string;
  /** As a sentence begins: `The whole`, or `The beginning, 1048576 bytes,`. */
  readonly what: string;
}

/** Built-in tools that open files. */
export const READING_TOOLS: readonly string[] = ['read', 'read_file', 'search', 'search_files', 'bash'];

/** Of one output; the rest is lost. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Of all outputs of a session: the oldest go first. */
const MAX_DIRECTORY_BYTES = 8 * 1024 * 1024;
const MAX_DIRECTORY_FILES = 64;

const HEAD = { maxLines: 150, maxBytes: 12 * 1024 };
const TAIL = { maxLines: 50, maxBytes: 4 * 1024 };

/**
 * Puts an output that is too long into a file of the workspace, and answers with its beginning, its end and where the whole
 * of it is.
 * @param name  what the file is called after
 * @returns undefined where the output is short enough, or the workspace refuses the file
 */
export function keepOutput(
  text: string,
  name: string,
  workspace: Workspace,
  { readers, redact = (same) => same }: OutputKeeping,
): string | undefined {
  if (readers.length === 0 || isWithinOutput(text)) return undefined;
  const clean = redact(text);
  const kept = keepFile(clean, name, workspace);
  if (!kept) return undefined;
  const head = headOf(linesFrom(clean, HEAD.maxLines), HEAD.maxBytes);
  const tail = tailOf(clean.slice(head.length), TAIL);
  const left = countLines(clean.slice(head.length, clean.length - tail.length));
  const [lines, bytes] = [countLines(clean), Buffer.byteLength(clean)];
  return (
    `${head}${head.endsWith('\n') ? '' : '\n'}[… ${left} of ${lines} lines left out …]\n${tail}${tail.endsWith('\n') ? '' : '\n'}\n` +
    `[Output cut: its beginning and its end are shown, of ${lines} lines and ${bytes} bytes. ${kept.what} is in ${kept.path}: open it with ${readers.join(' or ')}.]`
  );
}

/** @returns undefined where the workspace refuses it */
export function keepFile(text: string, name: string, workspace: Workspace): KeptFile | undefined {
  const bytes = beginning(text);
  try {
    makeRoom(workspace, bytes.length);
    const path = freePath(workspace, name);
    workspace.writeBytes(path, bytes);
    const isWhole = bytes.length === Buffer.byteLength(text);
    return { path: `/${path}`, what: isWhole ? 'The whole' : `The beginning, ${bytes.length} bytes,` };
  } catch (error) {
    // A quota, or a file of the user where the directory would be: then it is cut, as it would be without a file.
    if (error instanceof WorkspaceError) return undefined;
    throw error;
  }
}

function makeRoom(workspace: Workspace, bytes: number): void {
  if (!workspace.exists(OUTPUTS_DIRECTORY)) return;
  let total = bytes;
  for (const [index, path] of workspace.list(OUTPUTS_DIRECTORY).entries()) {
    total += workspace.stat(path)?.size ?? 0;
    if (total > MAX_DIRECTORY_BYTES || index + 1 >= MAX_DIRECTORY_FILES) workspace.remove(path);
  }
}

/** Providers give the same ids again: an earlier output keeps its file. */
function freePath(workspace: Workspace, name: string): string {
  const stem = `${OUTPUTS_DIRECTORY}/${name.replace(/[^\w-]/g, '_').slice(0, 100) || 'output'}`;
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? `${stem}.txt` : `${stem}-${number}.txt`;
    if (!workspace.exists(path)) return path;
  }
}

/** As much as may be kept, whole code points only. */
function beginning(text: string): Uint8Array {
  const bytes = Buffer.from(text.slice(0, MAX_KEPT_BYTES));
  if (bytes.length <= MAX_KEPT_BYTES) return bytes;
  let end = MAX_KEPT_BYTES;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

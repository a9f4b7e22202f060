import { WorkspaceError } from '../errors.ts';
import { resolvePath } from '../workspace/paths.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { bytesOf, decodeText } from './file-bytes.ts';
import { fileKind, isDocument } from './file-kind.ts';
import { nearestFiles } from './near-paths.ts';
import { ToolFailure } from './tool-failure.ts';

/** Names of a directory's content that are told. */
const MAX_NAMES = 20;

/**
 * The text of a file that a tool was asked for, as it is stored: BOM and line endings included.
 * @throws {ToolFailure} for a binary file, with its size and what it is; for a directory, with what is in it; for a missing
 *   file, with those that may have been meant
 * @throws {WorkspaceError} `invalid_path`, `path_escapes`
 */
export function readTextFile(workspace: Workspace, path: string): string {
  const bytes = bytesOfFile(workspace, path);
  const text = decodeText(bytes);
  if (text === undefined || isDocument(text)) {
    throw new ToolFailure(`binary file (${bytes.length} bytes): ${path} is ${fileKind(bytes)}`);
  }
  return text;
}

/** The text as a model should see it. */
export function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function bytesOfFile(workspace: Workspace, path: string): Buffer {
  try {
    return bytesOf(workspace, path);
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    if (error.code === 'not_found') throw new ToolFailure(error.message + missingHint(workspace, path));
    if (error.code === 'is_directory') throw new ToolFailure(error.message + directoryHint(workspace, path));
    throw error;
  }
}

function missingHint(workspace: Workspace, path: string): string {
  const near = nearestFiles(workspace, resolvePath(path));
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}

function directoryHint(workspace: Workspace, path: string): string {
  const prefix = resolvePath(path).length + 1;
  const names = new Set<string>();
  for (const file of workspace.list(path)) {
    const end = file.indexOf('/', prefix);
    names.add(end === -1 ? file.slice(prefix) : file.slice(prefix, end + 1));
  }
  const shown = [...names].sort().slice(0, MAX_NAMES);
  const more = names.size > shown.length ? ` and ${names.size - shown.length} more` : '';
  return ` It holds ${shown.join(', ')}${more}.`;
}

import { isAscii, isUtf8 } from 'node:buffer';
import { OverlayWorkspace } from '../workspace/overlay-workspace.ts';
import type { Workspace } from '../workspace/workspace.ts';

/**
 * A file's bytes to be looked at, where they lie if that can be had: never write or keep them. For built-in tools: what
 * custom tools are given is another workspace, which only copies.
 * @throws {WorkspaceError} as `readBytes`
 */
export function bytesOf(workspace: Workspace, path: string): Buffer {
  if (workspace instanceof OverlayWorkspace) return workspace.view(path);
  const bytes = workspace.readBytes(path);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text as it is stored, BOM and line endings included; undefined when it is binary: not UTF-8, or with a NUL. */
export function decodeText(bytes: Buffer): string | undefined {
  // Most source files are no more than ASCII, which takes less to tell and half as long to decode.
  if (isAscii(bytes)) {
    const text = bytes.toString('latin1');
    return text.includes('\0') ? undefined : text;
  }
  return isBinary(bytes) ? undefined : bytes.toString('utf8');
}

export function isBinary(bytes: Buffer): boolean {
  return bytes.includes(0) || !isUtf8(bytes);
}

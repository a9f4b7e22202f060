import { WorkspaceError } from '../errors.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { ToolFailure } from './tool-failure.ts';

/**
 * A file's text as it is stored, BOM and line endings included; undefined when it is binary: not UTF-8, or with a NUL.
 * @throws {WorkspaceError} when there is no such file
 */
export function textOf(workspace: Workspace, path: string): string | undefined {
  try {
    const text = workspace.readText(path);
    return text.includes('\0') ? undefined : text;
  } catch (error) {
    if (error instanceof WorkspaceError && error.code === 'not_text') return undefined;
    throw error;
  }
}

/** {@link textOf} for a tool that needs text. @throws {ToolFailure} for a binary file, with its size */
export function readTextFile(workspace: Workspace, path: string): string {
  const text = textOf(workspace, path);
  if (text === undefined) {
    throw new ToolFailure(
      `binary file (${workspace.stat(path)?.size ?? 0} bytes): ${path} is not UTF-8 text`,
    );
  }
  return text;
}

/** The text as a model should see it. */
export function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

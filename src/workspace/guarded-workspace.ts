import { WorkspaceError } from '../errors.ts';
import type { FileChange, Workspace, WorkspaceStat } from './workspace.ts';

/**
 * The workspace as a custom tool gets it: it stops working when the call ends, so that code which the tool left
 * running cannot change files between steps, where nothing would journal the change.
 */
export class GuardedWorkspace implements Workspace {
  #workspace: Workspace | undefined;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  revoke(): void {
    this.#workspace = undefined;
  }

  readText(path: string): string {
    return this.#live(path).readText(path);
  }

  readBytes(path: string): Uint8Array {
    return this.#live(path).readBytes(path);
  }

  writeText(path: string, text: string): void {
    this.#live(path).writeText(path, text);
  }

  writeBytes(path: string, bytes: Uint8Array): void {
    this.#live(path).writeBytes(path, bytes);
  }

  exists(path: string): boolean {
    return this.#live(path).exists(path);
  }

  stat(path: string): WorkspaceStat | undefined {
    return this.#live(path).stat(path);
  }

  list(directory?: string): string[] {
    return this.#live(directory ?? '').list(directory);
  }

  remove(path: string): void {
    this.#live(path).remove(path);
  }

  rename(from: string, to: string): void {
    this.#live(from).rename(from, to);
  }

  writeAll(changes: readonly FileChange[]): void {
    this.#live(changes[0]?.path ?? '').writeAll(changes);
  }

  #live(path: string): Workspace {
    if (!this.#workspace) {
      throw new WorkspaceError(
        'call_ended',
        path,
        `${path}: the tool call that owned this workspace has ended; nothing was changed.`,
      );
    }
    return this.#workspace;
  }
}

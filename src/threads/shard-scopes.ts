import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolSource } from '../protocol/messages.ts';

/**
 * The directories that a shard must be able to read for the tool modules that sessions name: the package each one
 * belongs to. A package is the nearest directory above that has a package.json, else the module's own directory.
 */
export class ShardScopes {
  readonly #all = new Set<string>();
  readonly #ofUrl = new Map<string, readonly string[]>();

  /** Every directory that was ever asked for: a new shard may read them all, so that it serves any session. */
  get all(): ReadonlySet<string> {
    return new Set(this.#all);
  }

  /** What one session's modules need. */
  of(tools: readonly ToolSource[]): readonly string[] {
    return tools.flatMap((tool) => (tool.kind === 'module' ? this.#of(tool.url) : []));
  }

  #of(url: string): readonly string[] {
    const known = this.#ofUrl.get(url);
    if (known) return known;
    const scopes = scopesOf(url);
    for (const scope of scopes) this.#all.add(scope);
    this.#ofUrl.set(url, scopes);
    return scopes;
  }
}

function scopesOf(url: string): string[] {
  const { protocol } = new URL(url);
  // Others bring their text along, or fail in the thread with an error that says so.
  if (protocol !== 'file:') return [];
  try {
    const path = fileURLToPath(url);
    // A linked module is loaded from where it really is.
    return [...new Set([packageOf(path), packageOf(realpathSync(path))])];
  } catch {
    return [];
  }
}

function isAbove(directory: string, other: string): boolean {
  return other === directory || other.startsWith(join(directory, sep));
}

/** The directory of the package that a file belongs to; its own where the package would be a home or the whole disk. */
export function packageOf(path: string): string {
  const own = dirname(path);
  for (let directory = own; ; directory = dirname(directory)) {
    if (directory === dirname(directory) || isAbove(directory, homedir())) return own;
    if (existsSync(join(directory, 'package.json'))) return directory;
  }
}

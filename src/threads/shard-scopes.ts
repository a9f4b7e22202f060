import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolSource } from '../protocol/messages.ts';
import { packageNeededBy } from '../tools/optional-packages.ts';
import { packageDirectories } from './installed-package.ts';

/**
 * The directories that a shard must be able to read for the tools that sessions name: the package that a tool module
 * belongs to, and the one that a built-in tool needs, with its dependencies. A module's package is the nearest directory
 * above that has a package.json, else the module's own directory.
 */
export class ShardScopes {
  readonly #all = new Set<string>();
  /** By a module's URL, or a package's name. */
  readonly #known = new Map<string, readonly string[]>();

  /** Every directory that was ever asked for: a new shard may read them all, so that it serves any session. */
  get all(): ReadonlySet<string> {
    return new Set(this.#all);
  }

  /** What one session's tools need. */
  of(tools: readonly ToolSource[]): readonly string[] {
    return tools.flatMap((tool) => {
      if (tool.kind === 'module') return this.#remember(tool.url, scopesOf);
      const needed = tool.kind === 'named' ? packageNeededBy(tool.name) : undefined;
      return needed ? this.#remember(needed.name, packageDirectories) : [];
    });
  }

  #remember(key: string, find: (key: string) => string[]): readonly string[] {
    const known = this.#known.get(key);
    if (known) return known;
    const scopes = find(key);
    for (const scope of scopes) this.#all.add(scope);
    this.#known.set(key, scopes);
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

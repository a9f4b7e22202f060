import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * Counts what this thread asks of the real disk while it is on: every function of `node:fs`, whoever calls it. Meant
 * for code that runs without giving way, because what others do meanwhile would count too.
 */
export class DiskWatch {
  readonly calls: string[] = [];
  readonly #originals = new Map<string, AnyFunction>();

  start(): void {
    const table = fs as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(table)) {
      if (typeof value !== 'function' || /^[A-Z_]/.test(name)) continue;
      const original = value as AnyFunction;
      this.#originals.set(name, original);
      const { calls } = this;
      table[name] = function counted(this: unknown, ...args: unknown[]): unknown {
        if (calls.length < 10) calls.push(`fs.${name}(${String(args[0]).slice(0, 200)})`);
        return Reflect.apply(original, this, args);
      };
    }
    syncBuiltinESMExports();
  }

  stop(): void {
    const table = fs as unknown as Record<string, unknown>;
    for (const [name, original] of this.#originals) table[name] = original;
    this.#originals.clear();
    syncBuiltinESMExports();
  }
}

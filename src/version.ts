import { readFileSync } from 'node:fs';

/** Skein's own version; `unknown` where its package file is not to be found. */
export function version(): string {
  // From dist/src, from src, and from the bundled command in dist/bin/cli.
  for (const up of ['../../package.json', '../package.json', '../../../package.json']) {
    try {
      const { name, version: found } = JSON.parse(
        readFileSync(new URL(up, import.meta.url), 'utf8'),
      ) as Record<string, string>;
      if (name === 'skein' && found !== undefined) return found;
    } catch {
      // Another place.
    }
  }
  return 'unknown';
}

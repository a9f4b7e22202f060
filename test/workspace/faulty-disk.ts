import type { Disk } from '../../src/workspace/disk.ts';
import { realDisk } from '../../src/workspace/disk.ts';

/** A call of a disk: `rename /tmp/x/a`. */
export interface DiskCall {
  /** From 0. */
  readonly number: number;
  readonly name: keyof Disk;
  readonly path: string;
}

/** The real disk, and something that happens right before each call: what it throws, the call throws. */
export function watchedDisk(before: (call: DiskCall) => void): Disk {
  let number = 0;
  const watched = Object.entries(realDisk).filter(([, method]) => typeof method === 'function');
  const entries = watched.map(([name, method]) => [
    name,
    async (...given: unknown[]): Promise<unknown> => {
      before({ number: number++, name: name as keyof Disk, path: String(given[0]) });
      return (method as (...args: unknown[]) => Promise<unknown>)(...given);
    },
  ]);
  return Object.fromEntries(entries) as Disk;
}

/** As the file system reports it. */
export function diskError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by a test`), { code, syscall: 'test' });
}

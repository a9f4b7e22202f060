import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** A file that is there whole or not at all, whenever the process ends. */
export function writeWhole(file: string, text: string): void {
  const unfinished = `${file}.tmp`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

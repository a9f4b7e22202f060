import type { PlantedBug } from './planted-bug.ts';

/** The text of the bug's file with the bug in it. @throws {Error} when the text to replace is not there once */
export function plantBug({ name, file, find, replace }: PlantedBug, text: string): string {
  const places = text.split(find).length - 1;
  if (places !== 1) {
    throw new Error(`${name}: ${file} has the text to replace ${places} times; look at it again.`);
  }
  return text.replace(find, () => replace);
}

/** Where skein itself keeps files for a session's tools: outputs that were too long to be told whole. */
export const OUTPUTS_DIRECTORY = '.skein/outputs';

/**
 * Whether a canonical path is one of those. Tools that name it find a file there like any other; it is in nothing that a
 * session comes to, not in its files, changes, patch or merge, and in no listing that does not name its directory.
 */
export function isScratch(path: string): boolean {
  return path.startsWith(`${OUTPUTS_DIRECTORY}/`);
}

import { fromDirectory } from './from-directory.ts';
import { fromFiles } from './from-files.ts';

/** Makes base images: read-only files, made once, shared by all sessions and threads of a pool. */
export const baseImage = { fromDirectory, fromFiles } as const;

import { createRequire } from 'node:module';
import type * as Piscinas from 'piscina';

/**
 * Stands for `piscina` in a shard process, which is told where it lies. Looking it up there would need to read every link
 * on the way to it, and the process may read only the package itself.
 */
const [, entry = '', piscinaFile = ''] = process.argv;
export const { Piscina } = createRequire(entry)(piscinaFile) as typeof Piscinas;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { catchPlanted } from './planted/catch-planted.ts';
import { plantBug } from './planted/plant-bug.ts';
import { PLANTED_BUGS } from './planted/planted-bugs.ts';
import type { PlantedBug } from './planted/planted-bug.ts';
import { formatFigures } from './shared/figures.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The bug, with a run that is shorter still. */
function planted(name: string, flags: string): PlantedBug {
  const bug = PLANTED_BUGS.find((candidate) => candidate.name === name);
  if (!bug) throw new Error(`no planted bug ${name}`);
  return { ...bug, flags };
}

describe('npm run planted', () => {
  it(
    'catches a bug of each quick harness, and none in the product as it is',
    { timeout: 120_000 },
    async () => {
      const bugs = [
        planted('paths-climb-out', 'tools --calls 2000 --seed 3'),
        planted('recorded-results-run-again', '--seeds 5'),
      ];
      const figures = await catchPlanted(ROOT, bugs);
      expect(
        figures.every(({ ok }) => ok),
        formatFigures(figures),
      ).toBe(true);
    },
  );

  it(
    'does not take a harness that fails anyway for one that has caught something',
    { timeout: 120_000 },
    async () => {
      // A change that changes nothing.
      const harmless = { find: 'const HEADER_WORDS = 4;', replace: 'const HEADER_WORDS = 2 + 2;' };
      const bug = planted('paths-climb-out', 'tools --calls 200 --seed 3');
      const figures = await catchPlanted(ROOT, [
        { ...bug, ...harmless, file: 'src/workspace/base-image.ts' },
      ]);
      expect(figures.map(({ ok }) => ok)).toEqual([false, false]);
    },
  );

  it('knows at least twelve, each by a name of its own', () => {
    const names = PLANTED_BUGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(12);
  });

  it.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))(
    'finds the place of each in the product as it is, and what it makes of it is a program: %s',
    async (_name, bug) => {
      const broken = plantBug(bug, readFileSync(join(ROOT, bug.file), 'utf8'));
      await expect(transform(broken, { loader: 'ts' })).resolves.toMatchObject({ warnings: [] });
    },
  );
});

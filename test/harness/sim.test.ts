import { describe, expect, it } from 'vitest';
import { simulate } from './sim/simulate.ts';
import { SOMETIMES } from './sim/sometimes.ts';

// The short form of `npm run sim`.
describe('the coordinator in a simulated world', () => {
  // On a busy machine it takes longer than most tests may.
  const timeout = 120_000;

  it(
    'keeps what must always hold through 100 seeds of lost threads, failing stores and crashes',
    { timeout },
    async () => {
      const reached = new Set<string>();
      for (let seed = 1; seed <= 100; seed += 1) {
        const run = await simulate(seed);
        expect(
          run.violation,
          `npm run sim -- --seed ${seed} --trace\n${run.lastLines.join('\n')}`,
        ).toBeUndefined();
        for (const state of run.reached.keys()) reached.add(state);
      }
      // The rare ones need the long form.
      const missing = SOMETIMES.filter((state) => !reached.has(state));
      expect(missing.length).toBeLessThan(SOMETIMES.length / 4);
    },
  );

  it('plays a seed again byte for byte', async () => {
    const first: string[] = [];
    const second: string[] = [];
    await simulate(7, (line) => first.push(line));
    await simulate(7, (line) => second.push(line));
    expect(first.length).toBeGreaterThan(300);
    expect(second).toEqual(first);
  });
});

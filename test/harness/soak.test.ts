import { beforeAll, describe, expect, it } from 'vitest';
import { buildHarness, runHarness } from './shared/built-harness.ts';

/** The short form of `npm run soak`: so few sessions say nothing of memory, but all of what is left behind. */
describe('npm run soak', () => {
  beforeAll(() => buildHarness('soak'), 60_000);

  it.each([
    ['turnover', ['turnover', '--sessions', '30', '--store', 'sqlite', '--isolation', 'thread']],
    ['turnover in shards', ['turnover', '--sessions', '30', '--store', 'memory']],
    ['live', ['live', '--live', '40', '--store', 'memory']],
  ])('leaves nothing behind (%s)', async (_, args) => {
    const { code, output } = await runHarness('soak', args);
    expect(output).not.toMatch(/ NO$/m);
    expect(code).toBe(0);
  });

  it.each([
    ['--session', 'did you mean --sessions?'],
    ['--store=disk', '--store is memory or sqlite'],
  ])('refuses %s', async (flag, problem) => {
    expect(await runHarness('soak', [flag])).toMatchObject({
      code: 2,
      output: expect.stringContaining(problem) as string,
    });
  });
});

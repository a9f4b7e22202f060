import { beforeAll, describe, expect, it } from 'vitest';
import { buildHarness, runHarness } from './shared/built-harness.ts';

/** The short form of `npm run storm`. */
describe('npm run storm', () => {
  beforeAll(() => buildHarness('storm'), 60_000);

  it.each([
    ['limits', ['gate', '--sessions', '20', '--speed', '60', '--minutes', '4']],
    ['a storm', ['storm', '--sessions', '20', '--speed', '60']],
    ['cancelled waits', ['cancel', '--sessions', '10']],
    ['silence', ['silent', '--sessions', '5']],
    ['a cache to warm', ['cache', '--sessions', '10']],
    ['budgets', ['budget', '--sessions', '10']],
  ])('leaves no prompt behind: %s', async (_, args) => {
    const { code, output } = await runHarness('storm', [...args, '--seed', '3', '--untimed']);
    expect(output).not.toMatch(/ NO$/m);
    expect(code).toBe(0);
  });

  it('refuses a part that does not exist', async () => {
    expect(await runHarness('storm', ['storms'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('did you mean storm?') as string,
    });
  });
});

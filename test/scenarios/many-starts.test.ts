import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { onStage } from './support.ts';

it('many sessions with tool modules, started at once, are no leak of listeners', async () => {
  const warnings: Error[] = [];
  const take = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', take);
  try {
    await onStage([{ answer: { text: 'ok' } }], { threads: { max: 1 } }, async (stage) => {
      const tools = [new URL('../fixtures/crash-tools.mjs', import.meta.url)];
      await Promise.all(Array.from({ length: 15 }, () => stage.start({ tools })));
    });
    await turn();
    expect(warnings.map(({ name }) => name)).toEqual([]);
  } finally {
    process.off('warning', take);
  }
});

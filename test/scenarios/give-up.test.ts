import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { KeptStore } from './kept-store.ts';
import { collect, onStage, outline, stage } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-trap-'));
const trap = join(directory, 'trap');
afterAll(() => rmSync(directory, { recursive: true }));

describe('a session whose every new thread dies before any call', () => {
  it('is given up after three losses without progress, and is usable when the cause is gone', async () => {
    const rules = [
      { match: { user: 'go', turn: 0 }, answer: { calls: [{ name: 'exit', arguments: {} }] } },
      { match: { user: 'again' }, answer: { text: 'here I am' } },
    ];
    await onStage(rules, { threads: { max: 2 } }, async (stage) => {
      const module = new URL('../fixtures/trapped-tools.mjs', import.meta.url);
      module.searchParams.set('trap', trap);
      const session = await stage.start({ tools: [module] });
      writeFileSync(trap, '');
      const events = await collect(session.stream('go'));
      expect(outline(events)).toEqual([
        'prompt-started',
        'tool-started exit',
        'step-retried exit',
        'step-retried exit',
        'tool-ended exit not_run',
        'prompt-ended crashed',
      ]);
      const last = events.at(-1);
      expect(last?.type === 'prompt-ended' && last.result.error).toMatchObject({
        code: 'thread_lost',
        message: expect.stringContaining('3 times without progress') as string,
      });
      rmSync(trap);
      expect(await session.prompt('again')).toMatchObject({ stopReason: 'end', reply: 'here I am' });
    });
  });
});

describe('a session whose prompts all end in crashes', () => {
  it('is put in quarantine with its reason, takes nothing more, and runs again when it is released', async () => {
    const rules = [
      { match: { user: 'go', turn: 0 }, answer: { calls: [{ name: 'exit', arguments: {} }] } },
      { match: { user: 'again' }, answer: { text: 'here I am' } },
    ];
    const store = new KeptStore();
    const stageOver = await stage(rules, { threads: { max: 2 } }, store);
    const module = new URL('../fixtures/trapped-tools.mjs', import.meta.url);
    module.searchParams.set('trap', trap);
    const session = await stageOver.start({ id: 's', tools: [module] });
    writeFileSync(trap, '');
    const results = await Promise.all(['go', 'go', 'go', 'go'].map((text) => session.prompt(text)));
    expect(results.map(({ stopReason, error }) => [stopReason, error?.code])).toEqual([
      ['crashed', 'thread_lost'],
      ['crashed', 'thread_lost'],
      ['crashed', 'thread_lost'],
      // It was waiting when the session was halted.
      ['crashed', 'session_quarantined'],
    ]);
    expect(session.status()).toMatchObject({
      state: 'halted',
      quarantine: expect.stringContaining('3 prompts in a row') as string,
    });
    expect(stageOver.pool.stats().sessions.halted).toBe(1);
    await expect(session.prompt('again')).rejects.toMatchObject({ code: 'session_quarantined' });
    // Whoever opens the store next is told the same.
    expect(SessionRecord.fold(store.read('s')).quarantine).toBe(session.status().quarantine);
    rmSync(trap);
    await session.release();
    expect(await session.prompt('again')).toMatchObject({ stopReason: 'end', reply: 'here I am' });
    await stageOver[Symbol.asyncDispose]();
  });
});

describe('a tool module that ends its thread at the start', () => {
  it('fails the start', async () => {
    writeFileSync(trap, '');
    await onStage([], {}, async (stage) => {
      const module = new URL('../fixtures/trapped-tools.mjs', import.meta.url);
      module.searchParams.set('trap', trap);
      await expect(stage.start({ tools: [module] })).rejects.toMatchObject({ code: 'tool_module_failed' });
    });
    rmSync(trap);
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { Session } from '../../src/pool/session.ts';
import { onStage, turns } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-effects-'));
afterAll(() => rmSync(directory, { recursive: true }));

let tools: URL;
let log: string;
let run = 0;
beforeEach(() => {
  log = join(directory, `log-${(run += 1)}`);
  tools = new URL('../fixtures/effect-tools.mjs', import.meta.url);
  tools.searchParams.set('log', log);
});

const call = (name: string): NonNullable<ScriptedRule['answer']> => ({ calls: [{ name, arguments: {} }] });

function results(session: Session): unknown[] {
  return session.messages().flatMap((message) => (message.role === 'tool' ? [message.content] : []));
}

describe('outside effects of a module', () => {
  it('are never repeated when their thread dies, not even those that had ended', async () => {
    const both = { calls: ['effect-a', 'effect-b'].map((name) => ({ name, arguments: {} })) };
    await onStage(turns(both, { text: 'ok' }), {}, async (stage) => {
      const session = await stage.start({ tools: [tools] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end' });
      expect(readFileSync(log, 'utf8')).toBe('AB');
      expect(results(session)).toEqual([
        expect.stringContaining('outcome_unknown'),
        expect.stringContaining('outcome_unknown'),
      ]);
    });
  });

  it('that were cancelled half way have an unknown outcome', async () => {
    await onStage(turns(call('effect-b')), {}, async (stage) => {
      const session = await stage.start({ tools: [tools] });
      const prompt = session.prompt('go');
      for (let text = ''; text === '';) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        try {
          text = readFileSync(log, 'utf8');
        } catch {
          // Not there yet.
        }
      }
      await session.cancel();
      await prompt;
      expect(results(session)).toEqual([expect.stringContaining('outcome_unknown')]);
    });
  });
});

describe('what a session leaves running in a thread that others use', () => {
  const rules: ScriptedRule[] = [
    {
      match: { user: 'offend', turn: Array.from({ length: 20 }, (_, turn) => turn) },
      answer: call('leave-bomb'),
    },
    { match: { user: 'spin', turn: 0 }, answer: call('leave-spin') },
    { match: { user: 'innocent', turn: 0 }, answer: call('wait') },
    { answer: { text: 'ok' } },
  ];

  it('does not cost an innocent call its result when it kills the thread', async () => {
    await onStage(rules, { threads: { max: 1 } }, async (stage) => {
      const innocent = await stage.start({ tools: [tools] });
      let done = false;
      // Their next steps always wait for the thread, and would be the first in a new one.
      const offenders = await Promise.all(
        Array.from({ length: 6 }, () => stage.start({ tools: [tools], maxTurns: 0 })),
      );
      const offending = offenders.map(async (offender) => {
        while (!done) await offender.prompt('offend');
      });
      const lost: string[] = [];
      for await (const event of innocent.stream('innocent')) {
        if (event.type === 'step-retried') lost.push(event.reason);
      }
      done = true;
      expect(results(innocent)).toEqual(['waited']);
      // It was hit, or this would show nothing.
      expect(lost).toContain('error');
      await Promise.all(offending);
    });
  });

  it('is ended when it keeps the thread from the next step', async () => {
    await onStage(rules, { threads: { max: 1 } }, async (stage) => {
      const spinner = await stage.start({ tools: [tools] });
      const innocent = await stage.start({ tools: [tools] });
      await spinner.prompt('spin');
      await new Promise((resolve) => setTimeout(resolve, 60));
      // Far less than the 30 s that a step may take, or the test would be over before.
      expect(await innocent.prompt('innocent', { timeoutMs: 15_000 })).toMatchObject({ stopReason: 'end' });
      expect(results(innocent)).toEqual(['waited']);
    });
  });
});

describe('a turn whose calls take longer together than a step may', () => {
  it('loses none of them', async () => {
    const many = { calls: Array.from({ length: 5 }, () => ({ name: 'wait', arguments: {} })) };
    await onStage(turns(many, { text: 'ok' }), { limits: { stepTimeoutMs: 700 } }, async (stage) => {
      const session = await stage.start({ tools: [tools] });
      expect(await session.prompt('go')).toMatchObject({ stopReason: 'end', turns: 2 });
      expect(results(session)).toEqual(Array.from({ length: 5 }, () => 'waited'));
    });
  });
});

describe('dedicated threads', () => {
  it('belong to one session each; a further one waits until a session is closed', async () => {
    const rules = turns({ calls: [{ name: 'list', arguments: {} }] }, { text: 'ok' });
    await onStage(rules, { threads: { max: 2, dedicated: true } }, async (stage) => {
      const [first, second, third] = await Promise.all([stage.start(), stage.start(), stage.start()]);
      await Promise.all([first.prompt('go'), second.prompt('go')]);
      const waiting = third.prompt('go');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(third.status().state).toBe('queued');
      expect(stage.pool.stats()).toMatchObject({
        sessions: { idle: 2, queued: 1 },
        threads: { running: 2, max: 2 },
        waitingSteps: 1,
      });
      await first.close();
      expect(await waiting).toMatchObject({ stopReason: 'end' });
    });
  });
});

describe('idle threads', () => {
  it('end after their time, and their sessions go on in new ones', async () => {
    const rules: ScriptedRule[] = [
      {
        match: { user: 'write', turn: 0 },
        answer: { calls: [{ name: 'write', arguments: { path: 'a', content: 'x' } }] },
      },
      { match: { user: 'read', turn: 0 }, answer: { calls: [{ name: 'read', arguments: { path: 'a' } }] } },
      { answer: { text: 'ok' } },
    ];
    await onStage(rules, { threads: { idleTimeoutMs: 30 } }, async (stage) => {
      const session = await stage.start();
      await session.prompt('write');
      while (stage.pool.stats().threads.running > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await session.prompt('read')).toMatchObject({ stopReason: 'end' });
      expect(results(session)[1]).toContain('x');
      expect(stage.pool.stats().misses).toBeGreaterThanOrEqual(1);
    });
  });
});

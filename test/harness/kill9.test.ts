import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import { SessionPool } from '../../src/pool/pool.ts';
import type { Tool } from '../../src/tools/tool.ts';
import type { Acknowledgement } from './kill9/acknowledgement.ts';
import { Ledger } from './kill9/ledger.ts';
import { EFFECTS, killPrompt, killScript } from './kill9/plan.ts';
import { buildHarness, runHarness } from './shared/built-harness.ts';
import { FIRST_FILES, treeHash } from './shared/prompt-plan.ts';
import { Violations } from './shared/violations.ts';

describe('npm run kill9', () => {
  beforeAll(() => buildHarness('kill9'), 60_000);

  it('finds nothing lost or done twice over some kills', async () => {
    const args = ['--rounds', '6', '--stored', '40', '--sessions', '6', '--seed', '3', '--untimed'];
    const { code, output } = await runHarness('kill9', args);
    expect(output).not.toMatch(/ NO$/m);
    expect(code).toBe(0);
  });

  it('refuses a flag that does not exist', async () => {
    expect(await runHarness('kill9', ['--round', '3'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('did you mean --rounds?') as string,
    });
  });
});

describe('the ledger', () => {
  const SEED = 4;
  const SESSION = 'k0.1.1';
  let folder: string;
  let files: { store: string; effects: string };
  let lines: Acknowledgement[];
  let effects: string;

  /** A store with one session that has run prompts with effects, and what was said of it on the way. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skein-ledger-'));
    files = { store: join(folder, 'store.sqlite'), effects: join(folder, 'effects') };
    writeFileSync(files.effects, '');
    lines = [];
    const model = await startScriptedModel(killScript(SEED, () => undefined));
    const providers = { scripted: { baseURL: model.baseURL } };
    const pool = await SessionPool.open({ store: `sqlite:${files.store}`, providers });
    const effect = (name: string): Tool => ({
      name,
      description: name,
      parameters: { type: 'object' },
      effects: 'outside',
      execute({ tag }: { tag: string }) {
        appendFileSync(files.effects, `${tag}\n`);
        return `did ${tag}`;
      },
    });
    const ordinary = new URL('chaos/fault-tools.mjs', import.meta.url);
    const session = await pool.start({
      id: SESSION,
      model: 'scripted:scripted',
      files: FIRST_FILES,
      tools: ['coding-agent', ordinary, ...Object.values(EFFECTS).map(effect)],
    });
    for (let number = 1; number <= 4; number += 1) {
      const { text } = killPrompt(SEED, SESSION, number);
      for await (const event of session.stream(text)) {
        const common = { session: SESSION, promptId: event.promptId };
        if (event.type === 'prompt-started') lines.push({ type: 'accepted', text, ...common });
        if (event.type === 'tool-ended') {
          const { turn, callId, content } = event;
          lines.push({ type: 'answered', turn, callId, content, ...common });
        }
        if (event.type === 'prompt-ended') {
          const { stopReason, files: tree } = event.result;
          lines.push({ type: 'ended', stopReason, tree: treeHash(tree), ...common });
        }
      }
    }
    await pool.close();
    await model.close();
    effects = readFileSync(files.effects, 'utf8');
  });

  beforeEach(() => writeFileSync(files.effects, effects));

  afterAll(() => rmSync(folder, { recursive: true }));

  async function check(spoil: (ledger: Ledger) => void = () => undefined): Promise<Violations> {
    const violations = new Violations();
    const ledger = new Ledger(SEED, files, violations);
    for (const line of lines) ledger.told(line);
    spoil(ledger);
    await ledger.check(true);
    return violations;
  }

  function first<Type extends Acknowledgement['type']>(type: Type): Extract<Acknowledgement, { type: Type }> {
    return lines.find((line) => line.type === type) as Extract<Acknowledgement, { type: Type }>;
  }

  it('has nothing to say of a service that kept its word', async () => {
    expect((await check()).describe()).toBe('');
    expect(effects).toMatch(/deploy/);
  });

  it.each<[what: string, kind: string, spoil: (ledger: Ledger) => void]>([
    ['a session that is not there', 'lost', (ledger) => ledger.told({ type: 'started', session: 'k9.9.9' })],
    [
      'a prompt that is not there',
      'lost',
      (ledger) => ledger.told({ ...first('accepted'), promptId: `${SESSION}/99` }),
    ],
    [
      'a prompt with another text',
      'lost',
      (ledger) => ledger.told({ ...first('accepted'), text: 'another' }),
    ],
    [
      'an answer that is another',
      'lost',
      (ledger) => ledger.told({ ...first('answered'), content: 'something else' }),
    ],
    [
      'an end that is another',
      'lost',
      (ledger) => ledger.told({ ...first('ended'), stopReason: 'cancelled' }),
    ],
    ['files that are others', 'wrong tree', (ledger) => ledger.told({ ...first('ended'), tree: 'others' })],
    [
      'a refusal',
      'refused',
      (ledger) => ledger.told({ type: 'refused', session: SESSION, code: 'mailbox_full' }),
    ],
    [
      'an effect that was done again',
      'effect done again',
      () => writeFileSync(files.effects, effects.repeat(2)),
    ],
    ['an effect that was never done', 'lost', () => writeFileSync(files.effects, '')],
  ])('notices %s', async (_, kind, spoil) => {
    expect((await check(spoil)).list.map((violation) => violation.kind)).toContain(kind);
  });

  it('notices a model call whose answer is in the store, and a store that opens with less than it has', async () => {
    const violations = new Violations();
    const ledger = new Ledger(SEED, files, violations);
    await ledger.check(false);
    ledger.requested(killPrompt(SEED, SESSION, 5).text, 0);
    ledger.told({ type: 'open', sessions: 1, resumed: [] });
    expect(violations.list).toEqual([]);
    ledger.requested(killPrompt(SEED, SESSION, 1).text, 0);
    ledger.told({ type: 'open', sessions: 0, resumed: [] });
    expect(violations.list.map(({ kind }) => kind)).toEqual(['model called again', 'lost']);
  });
});

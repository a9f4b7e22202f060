import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import { mergeWorkspaces } from '../../src/workspace/merge-workspaces.ts';
import { openSqliteStore } from '../../src/journal/sqlite-store.ts';
import { inDirectory } from '../journal/sqlite-stage.ts';
import { onStage, stage } from './support.ts';

const SECRET = 'sk-canary-4711-abcdefghijkl';
const LONG = `first\n${'a line of it\n'.repeat(9_000)}key ${SECRET}\n`;

/** Asks for a long text, and looks for its last line where it is said to be. */
const RULES: ScriptedRule[] = [
  {
    match: { turn: 0 },
    answer: {
      calls: [
        { name: 'tell', arguments: {} },
        { name: 'write', arguments: { path: 'a.txt', content: 'x' } },
      ],
    },
  },
  {
    match: { last: '.', user: '^look', turn: 1 },
    answer: { calls: [{ name: 'list', arguments: { path: '.skein/outputs' } }] },
  },
  {
    match: { last: '^(?<file>\\.skein/outputs/\\S+\\.txt)' },
    answer: { calls: [{ name: 'read', arguments: { path: '{{file}}', offset: 9_001 } }] },
  },
  { match: { last: '^ *9002\t(?<line>.*)' }, answer: { text: 'it ends with {{line}}' } },
];

describe('a result that is too long to be told', () => {
  it('is in a file that the model can open, without secrets, and in nothing that the session comes to', async () => {
    const path = inDirectory('outputs.db');
    const tell = { name: 'tell', description: '', parameters: { type: 'object' }, execute: () => LONG };
    const providers = { other: { baseURL: 'http://127.0.0.1:9', apiKey: SECRET } };
    const made = await stage(RULES, { providers, tools: [tell] }, await openSqliteStore(path));
    try {
      const session = await made.start({ id: 's', tools: ['coding-agent', tell] });
      const result = await session.prompt('look');
      expect(result).toMatchObject({ stopReason: 'end', reply: 'it ends with key [redacted]' });
      const told = session.messages().find(({ role }) => role === 'tool')?.content;
      expect(told).toMatch(
        /^first\n[^]*key \[redacted\]\n\n\[Output cut: [^]*open it with read or search\.\]$/,
      );
      expect(told?.length).toBeLessThan(8_000);
      expect([...result.files.keys()]).toEqual(['a.txt']);
      expect(result.changes.map((change) => change.path)).toEqual(['a.txt']);
      expect(result.patch).not.toContain('.skein');
      expect(session.status().changedFiles).toBe(1);
      const fork = await session.fork({ id: 'f' });
      expect(
        mergeWorkspaces([session.workspace(), fork.workspace()]).changes.map((change) => change.path),
      ).toEqual(['a.txt']);
      expect(session.diff('start').changes.map((change) => change.path)).toEqual(['a.txt']);
      expect(fork.files().has('a.txt')).toBe(true);
      expect(JSON.stringify(session.snapshot().messages())).not.toContain(SECRET);
    } finally {
      await made[Symbol.asyncDispose]();
    }
  });

  it('from a tool module is redacted before it is kept, and the thread has it that way, too', async () => {
    const module = new URL('../fixtures/long-tools.mjs', import.meta.url);
    const providers = { other: { baseURL: 'http://127.0.0.1:9', apiKey: SECRET } };
    const rules: ScriptedRule[] = [
      { match: { turn: 0 }, answer: { calls: [{ name: 'tell', arguments: {} }] } },
      {
        match: { turn: 1 },
        // What reads it backwards is no value that a redactor knows.
        answer: { calls: [{ name: 'backwards', arguments: { directory: '.skein/outputs' } }] },
      },
      { match: { turn: 2 }, answer: { text: '{{last}}' } },
    ];
    await onStage(rules, { providers, threads: { max: 1 } }, async (made) => {
      const session = await made.start({ tools: ['read', module] });
      const result = await session.prompt('go');
      expect(result.reply).toContain('[redacted]'.split('').reverse().join(''));
      expect(result.reply).not.toContain(SECRET.split('').reverse().join(''));
    });
  });
});

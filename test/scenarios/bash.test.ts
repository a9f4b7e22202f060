import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { Session } from '../../src/pool/session.ts';
import { collect, onStage, outline, turns } from './support.ts';

const bash = (command: string): NonNullable<ScriptedRule['answer']> => ({
  calls: [{ name: 'bash', arguments: { command } }],
});

function results(session: Session): string[] {
  return session.messages().flatMap((message) => (message.role === 'tool' ? [String(message.content)] : []));
}

const files = { 'src/a.ts': 'export const one = 1;\n', 'bin/cli.js': '// one\n', 'old.txt': 'x\n' };

describe.each(['thread', 'process'] as const)('a session with bash (isolation: %s)', (isolation) => {
  it('changes its files as a script says, and nothing else lasts', async () => {
    const script = turns(
      bash(
        "sed -i 's/one/two/' src/a.ts && mv bin lib && rm old.txt && export X=1 && cd src && echo t > /tmp/t",
      ),
      bash('pwd; echo "[$X]"; cat /tmp/t; grep -rn two . | sort; ls -R'),
      { calls: [{ name: 'read', arguments: { path: '/src/a.ts' } }] },
      { text: 'done' },
    );
    await onStage(script, { isolation }, async (stage) => {
      const session = await stage.start({ tools: ['coding-agent', 'bash'], files });
      expect(outline(await collect(session.stream('go'))).at(-1)).toBe('prompt-ended end');
      expect(results(session)).toEqual([
        '(no output)',
        '/\n[]\nsrc/a.ts:1:export const two = 1;\n.:\nlib\nsrc\n\n./lib:\ncli.js\n\n./src:\na.ts\n[stderr]\ncat: /tmp/t: No such file or directory',
        expect.stringContaining('export const two = 1;'),
      ]);
      expect(Object.fromEntries(session.files())).toEqual({
        'lib/cli.js': '// one\n',
        'src/a.ts': 'export const two = 1;\n',
      });
    });
  });

  it('is called in threads that were there before, and may be cancelled', async () => {
    const script = [
      { match: { user: 'plain' }, answer: { text: 'done' } },
      { match: { user: 'long', turn: 0 }, answer: bash('while true; do echo x >> log; done') },
      { match: { user: 'short', turn: 0 }, answer: bash('ls') },
      { answer: { text: 'done' } },
    ];
    await onStage(script, { isolation, shards: 1, threads: { max: 1 } }, async (stage) => {
      const plain = await stage.start({ files });
      expect((await plain.prompt('plain')).stopReason).toBe('end');
      const session = await stage.start({ tools: ['bash'], files });
      const stops: unknown[] = [];
      for await (const event of session.stream('long')) {
        if (event.type === 'tool-started') void session.cancel();
        if (event.type === 'prompt-ended') stops.push(event.result.stopReason);
      }
      expect(stops).toEqual(['cancelled']);
      expect((await session.prompt('short')).stopReason).toBe('end');
      expect(results(session).at(-1)).toMatch(/bin\n(?:log\n)?old\.txt\nsrc/);
    });
  });
});

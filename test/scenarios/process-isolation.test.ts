import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { Session } from '../../src/pool/session.ts';
import { collect, onStage, outline, turns } from './support.ts';

const tools = ['coding-agent', new URL('../fixtures/process-tools.mjs', import.meta.url)];
const processes: PoolOptions = { isolation: 'process', threads: { max: 4, maxHeapMb: 64 } };

const call = (name: string, args: Record<string, unknown> = {}): NonNullable<ScriptedRule['answer']> => ({
  calls: [{ name, arguments: args }],
});

function results(session: Session): string[] {
  return session.messages().flatMap((message) => (message.role === 'tool' ? [String(message.content)] : []));
}

/** The prompt `culprit` calls a tool that kills its process; any other edits files in four turns. */
function oneCulprit(answer: NonNullable<ScriptedRule['answer']>, ms = 400): ScriptedRule[] {
  return [
    { match: { user: 'culprit', turn: 0 }, answer },
    ...[0, 1, 2, 3].map((turn) => ({
      match: { user: 'neighbour', turn },
      answer: call('slow', { ms }),
    })),
    { answer: { text: 'done' } },
  ];
}

describe('a scripted conversation', () => {
  it('goes the same way in shard processes as in threads', async () => {
    const script = turns(
      call('write', { path: 'a.txt', content: 'one\ntwo\n' }),
      {
        calls: [
          { name: 'read', arguments: { path: 'a.txt' } },
          { name: 'list', arguments: {} },
        ],
      },
      call('edit', { path: 'b.txt', old_string: 'x', new_string: 'y' }),
      { text: 'finished' },
    );
    const told = [];
    for (const isolation of ['thread', 'process'] as const) {
      told.push(
        await onStage(script, { isolation }, async (stage) => {
          const session = await stage.start({ files: { 'b.txt': 'x\n', 'c/d.bin': Uint8Array.of(0, 255) } });
          const events = outline(await collect(session.stream('go')));
          return {
            events,
            files: [...session.files()],
            messages: session.messages(),
          };
        }),
      );
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[0]?.events.at(-1)).toBe('prompt-ended end');
  });
});

describe('a call that ends its process', () => {
  it.each(['map', 'json', 'split', 'array'])('is told so (%s); its neighbours end well', async (shape) => {
    await onStage(oneCulprit(call('fatal', { shape })), { ...processes, shards: 1 }, async (stage) => {
      const culprit = await stage.start({ tools });
      const neighbours = await Promise.all([1, 2].map(() => stage.start({ tools, loops: false })));
      const ends = await Promise.all([
        culprit.prompt('culprit'),
        ...neighbours.map((neighbour) => neighbour.prompt('neighbour')),
      ]);
      expect(ends.map((end) => end.stopReason)).toEqual(['end', 'end', 'end']);
      expect(results(culprit)).toEqual([expect.stringMatching(/tool_crashed.*process.*memory/)]);
      for (const neighbour of neighbours) {
        expect(results(neighbour)).toEqual(['done', 'done', 'done', 'done']);
        expect([...neighbour.files().keys()]).toEqual(['slow.txt']);
      }
    });
  });

  it('by writing into what belongs to the process, too', async () => {
    await onStage(oneCulprit(call('babble')), processes, async (stage) => {
      const culprit = await stage.start({ tools });
      expect(await culprit.prompt('culprit')).toMatchObject({ stopReason: 'end' });
      expect(results(culprit)).toEqual([expect.stringMatching(/tool_crashed.*no message/)]);
    });
  });

  it('by what it writes into the channel, however well it is formed', async () => {
    await onStage(oneCulprit(call('bomb')), processes, async (stage) => {
      const culprit = await stage.start({ tools });
      expect(await culprit.prompt('culprit')).toMatchObject({ stopReason: 'end' });
      expect(results(culprit)).toEqual([expect.stringMatching(/tool_crashed.*no message/)]);
    });
  });
});

describe('a tool', () => {
  it.each(['process', 'thread'] as const)('sends no signals, to nobody (%s)', async (isolation) => {
    await onStage(oneCulprit(call('signal')), { ...processes, isolation }, async (stage) => {
      const culprit = await stage.start({ tools });
      expect(await culprit.prompt('culprit')).toMatchObject({ stopReason: 'end' });
      const refusal = 'a session thread sends no signals';
      expect(results(culprit)).toEqual([JSON.stringify([refusal, refusal])]);
    });
  });

  it.each(['process', 'thread'] as const)('cannot get at the port of the answers (%s)', async (isolation) => {
    await onStage(oneCulprit(call('forge')), { ...processes, isolation }, async (stage) => {
      const culprit = await stage.start({ tools });
      expect(await culprit.prompt('culprit')).toMatchObject({ stopReason: 'end' });
      expect(results(culprit)).toEqual([expect.stringContaining('read only')]);
    });
  });
});

describe('a call that native code holds', () => {
  it('is answered at its deadline, and its process replaced; steps beside it are not to blame', async () => {
    await onStage(oneCulprit(call('native-hang'), 900), { ...processes, shards: 1 }, async (stage) => {
      const culprit = await stage.start({ tools });
      const neighbour = await stage.start({ tools, loops: false });
      const ends = await Promise.all([culprit.prompt('culprit'), neighbour.prompt('neighbour')]);
      expect(ends.map((end) => end.stopReason)).toEqual(['end', 'end']);
      expect(results(culprit)).toEqual([expect.stringContaining('timed_out')]);
      expect(results(neighbour)).toEqual(['done', 'done', 'done', 'done']);
    });
  });
});

describe('a tool in a shard', () => {
  const outside = join(tmpdir(), `skein-outside-${process.pid}`);

  it('sees no file but its own package, writes none, starts nothing, and has no environment', async () => {
    await onStage(turns(call('probe', { outside }), { text: 'ok' }), processes, async (stage) => {
      const session = await stage.start({ tools });
      await session.prompt('go');
      const denied = 'ERR_ACCESS_DENIED';
      expect(JSON.parse(results(session)[0] ?? '')).toEqual({
        read: denied,
        write: denied,
        spawn: denied,
        env: [],
      });
      expect(existsSync(outside)).toBe(false);
    });
  });

  it('that is named after the shard was started can be read too', async () => {
    const url = `data:text/javascript,${encodeURIComponent('export default [{name:"inline",description:"d",parameters:{type:"object"},execute:()=>"hi"}]')}`;
    const script = [
      { match: { user: 'first', turn: 0 }, answer: call('inline') },
      { match: { user: 'second', turn: 0 }, answer: call('slow', { ms: 1 }) },
      { answer: { text: 'ok' } },
    ];
    await onStage(script, { ...processes, shards: 1 }, async (stage) => {
      const first = await stage.start({ tools: [url] });
      await first.prompt('first');
      const second = await stage.start({ tools });
      await second.prompt('second');
      await first.prompt('first');
      expect([...results(first), ...results(second)]).toEqual(['hi', 'hi', 'done']);
    });
  });
});

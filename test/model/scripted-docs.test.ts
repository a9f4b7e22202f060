import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseScript } from '../../src/model/scripted/parse-script.ts';
import type { ScriptedModelScript } from '../../src/model/scripted/script.ts';
import { parseYaml } from '../../src/yaml.ts';
import { Harness } from '../tools/harness.ts';
import { ask, converse, stream, withModel } from './scripted-client.ts';

const page = await readFile(new URL('../../docs/scripted-model.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);

function block(name: string): ScriptedModelScript {
  const yaml = blocks.find((text) => text.startsWith(`# ${name}`))!;
  return parseYaml(yaml, { source: name }) as ScriptedModelScript;
}

describe('the scripts in docs/scripted-model.md', () => {
  it('are all without mistakes', () => {
    expect(blocks.length).toBeGreaterThan(1);
    for (const yaml of blocks) expect(parseScript(yaml, 'docs').rules.length).toBeGreaterThan(0);
  });

  it('refactor a file, however long, and report it', async () => {
    const text = Array.from({ length: 2500 }, (_, i) => (i % 500 ? `// ${i}\n` : `var v${i} = 1;\n`)).join(
      '',
    );
    const harness = new Harness({ 'a.js': text, 'b.js': 'let x;\n' });
    await withModel(block('refactor.yaml'), async (server) => {
      const said = async (path: string): Promise<string[]> =>
        (await converse(server, harness, `Modernise the file ${path}`)).map((answer) => answer.text);
      expect(await said('a.js')).toEqual([
        'I read a.js first.',
        '',
        'Replacing var.',
        'Changed 5 declarations in a.js.',
      ]);
      expect(await said('b.js')).toEqual(['I read b.js first.', 'There is no var in b.js.']);
    });
    expect(harness.workspace.readText('a.js')).toBe(text.replaceAll('var', 'let'));
  });

  it('fail as they say', () =>
    withModel(block('faults.yaml'), async (server) => {
      const statuses = [];
      for (const prompt of ['busy', 'busy', 'busy', 'overloaded', 'overloaded']) {
        statuses.push((await ask(server, prompt)).status);
      }
      expect(statuses).toEqual([429, 429, 200, 503, 200]);
      const cut = await ask(server, 'cut');
      expect([cut.end, cut.body.length]).toEqual(['broken', 700]);
      expect((await stream(server, 'cut')).text).toBe('At last.');
      expect((await stream(server, 'garbled')).calls[0]!.arguments).toBe('{"path": "a.ts", "old_str');
    }));
});

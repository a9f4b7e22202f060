import { expect, it } from 'vitest';
import { onStage, turns } from './support.ts';

const edit = (old_string: string, new_string: string) => ({
  name: 'edit_file',
  arguments: { path: 'a.txt', old_string, new_string },
});

const FILE = Array.from({ length: 40 }, (_, i) => `line ${i};\n`).join('');

it('edits of one file in one turn all land, and each that cannot is answered', async () => {
  const landing = Array.from({ length: 20 }, (_, i) => edit(`line ${2 * i};`, `changed ${2 * i};`));
  const calls = [
    ...landing,
    // Made by a call before it: they are done in order, each on what the one before has left.
    edit('changed 6;', 'changed twice;'),
    edit('line 8;', 'too late'),
    edit('line', 'everywhere'),
    {
      name: 'multi_edit',
      arguments: {
        path: 'a.txt',
        edits: [
          { old_string: 'line 1;', new_string: 'both 1;' },
          { old_string: 'line 3;', new_string: 'both 3;' },
        ],
      },
    },
  ];
  await onStage(turns({ calls }, { text: 'Done.' }), {}, async (stage) => {
    const session = await stage.start({ tools: ['code'], files: { 'a.txt': FILE } });
    const result = await session.prompt('Edit.');
    expect(result).toMatchObject({ reply: 'Done.', stopReason: 'end' });

    const expected = FILE.split('\n').map((line, i) =>
      i === 6
        ? 'changed twice;'
        : i === 1 || i === 3
          ? `both ${i};`
          : i % 2 === 0
            ? line.replace('line', 'changed')
            : line,
    );
    expect(result.files.get('a.txt')).toBe(expected.join('\n'));

    const answers = session
      .messages()
      .flatMap((message) => (message.role === 'tool' ? [message.content] : []));
    expect(answers).toHaveLength(calls.length);
    expect(answers.filter((answer) => answer.startsWith('Edited a.txt'))).toHaveLength(22);
    expect(answers[21]).toMatch(/^Error: old_string not found in a\.txt/);
    expect(answers[22]).toMatch(/^Error: old_string occurs 20 times - provide more context/);
  });
});

import type { ScriptedModelScript } from '../../../src/model/scripted/script.ts';

/** @param number  of the session's prompts, from 0 */
export function textOf(index: number, number: number): string {
  return `soak ${index} ${number}`;
}

export function replyTo(text: string): string {
  return `done: ${text}`;
}

/** Each prompt reads a file and writes one, then another. */
export function soakScript(): ScriptedModelScript {
  return {
    rules: [
      {
        answer({ user, turn }) {
          const [, index = '', number = ''] = user.split(' ');
          const path = `f${number}.txt`;
          if (turn === 0) {
            return {
              calls: [
                { name: 'read', arguments: { path: 'a.txt' } },
                { name: 'write', arguments: { path, content: `text ${index}\n`.repeat(200) } },
              ],
            };
          }
          if (turn === 1)
            return { calls: [{ name: 'write', arguments: { path, content: `again ${index}\n` } }] };
          return { text: replyTo(user) };
        },
      },
    ],
  };
}

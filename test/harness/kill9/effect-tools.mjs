/** An outside effect in a session's thread, and the ordinary tools of all harnesses. */
import { appendFileSync } from 'node:fs';
import ordinary from '../chaos/fault-tools.mjs';

const log = new URL(import.meta.url).searchParams.get('log');

export default [
  ...ordinary,
  {
    name: 'notify',
    description: 'Does something outside.',
    parameters: { type: 'object', properties: { tag: { type: 'string' } }, required: ['tag'] },
    effects: 'outside',
    execute({ tag }) {
      appendFileSync(log, `${tag}\n`);
      return `did ${tag}`;
    },
  },
];

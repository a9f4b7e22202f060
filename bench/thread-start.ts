/**
 * How long from no thread to a session's first answered step?
 *
 *   npm run bench -- thread-start         (--quick: five rounds)
 *
 * Beside it a bare `new Worker` that posts one message; one and the other in turn, in one process.
 */
import { measureInChild } from './support/child.ts';
import type { Question } from './support/question.ts';
import { median } from './support/statistics.ts';
import type { ThreadStart, ThreadStartTask } from './thread-start.client.ts';

export const threadStart: Question = {
  name: 'thread-start',
  async measure({ quick, progress }) {
    const task: ThreadStartTask = { rounds: quick ? 5 : 15 };
    progress(`${task.rounds} rounds`);
    const raw = await measureInChild<ThreadStart>('thread-start.client', task);
    const question = 'thread-start';
    const bare = median(raw.bareMs);
    const session = median(raw.sessionMs);
    return {
      rows: [
        { question, measure: 'bare Worker: to its message', value: bare, unit: 'ms' },
        { question, measure: 'session thread: to its first answered step', value: session, unit: 'ms' },
        { question, measure: 'the same step in a running thread', value: median(raw.warmMs), unit: 'ms' },
        {
          question,
          measure: 'session thread against the bare Worker',
          value: session / bare,
          unit: '',
          goal: { atMost: 2 },
        },
      ],
      raw,
    };
  },
};

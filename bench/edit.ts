/**
 * What does an edit of a file of 1 MB cost, at each level at which it can be found?
 *
 *   npm run bench -- edit                 (--quick: one round)
 *
 * Beside it `String.prototype.replace` with a function, on the same text: no check that the place is the only one, no
 * files. And the same with what any edit of a stored file has to do besides: decode, replace, encode.
 */
import type { EditTimes, EditTimesTask } from './edit.client.ts';
import { measureInChild } from './support/child.ts';
import type { Question } from './support/question.ts';
import { median, ratios } from './support/statistics.ts';

export const edit: Question = {
  name: 'edit',
  async measure({ quick, progress }) {
    const task: EditTimesTask = { edits: quick ? 10 : 60 };
    const rounds: EditTimes[] = [];
    for (let round = 1; round <= (quick ? 1 : 5); round += 1) {
      progress(`round ${round}`);
      rounds.push(await measureInChild<EditTimes>('edit.client', task));
    }
    const question = 'edit';
    const of = (name: string): number[] => rounds.map(({ eachMs }) => eachMs[name] ?? Number.NaN);
    const names = Object.keys(rounds[0]?.eachMs ?? {}).filter((name) => !name.startsWith('String.replace'));
    return {
      rows: names.flatMap((name) => [
        {
          question,
          measure: `${name}: against String.replace`,
          value: median(ratios(of(name), of('String.replace'))),
          unit: '',
        },
        {
          question,
          measure: `${name}: against decode, String.replace, encode`,
          value: median(ratios(of(name), of('String.replace of bytes'))),
          unit: '',
        },
      ]),
      raw: rounds,
    };
  },
};

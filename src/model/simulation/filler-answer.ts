import type { ScriptedAnswer } from '../scripted/script.ts';

const BEGINNING = 'This answer is simulated, and no language model has written it. ';
const FILLER = 'It goes on with words that mean nothing and are as many as the profile says. ';
const CHARS_PER_TOKEN = 4;
const MAX_KEPT = 2_000;

/** By tokens: the server cuts one and the same object only once. */
const kept = new Map<number, ScriptedAnswer>();

/** An answer of so many tokens that says that it is none of a language model's. */
export function fillerAnswer(tokens: number): ScriptedAnswer {
  let answer = kept.get(tokens);
  if (!answer) {
    if (kept.size >= MAX_KEPT) kept.clear();
    const chars = tokens * CHARS_PER_TOKEN;
    answer = { text: (BEGINNING + FILLER.repeat(Math.ceil(chars / FILLER.length))).slice(0, chars) };
    kept.set(tokens, answer);
  }
  return answer;
}

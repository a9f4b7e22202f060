import type { Conversation } from '../scripted/conversation.ts';
import { draw, type ScriptedDraw } from '../scripted/draw.ts';
import { hashOf } from '../scripted/reply.ts';
import type { ScriptedAnswer, ScriptedRule } from '../scripted/script.ts';
import { mixText, seededRandom } from '../scripted/seeded.ts';
import { fillerAnswer } from './filler-answer.ts';
import { nextCall } from './made-up-calls.ts';
import type { MadeUpAnswers } from './profile.ts';
import { sampleValue } from './sample-value.ts';

const TYPICAL_TOKENS: ScriptedDraw = { p50: 250, p99: 1500 };
const MAX_TOKENS = 128_000;

/**
 * One rule for conversations that nobody has written answers for: they cost about as many requests and tokens as an agent's
 * work, and mean nothing. It reads files that the prompt names (or else some that it lists), one a turn, adds a line to the
 * last of them, and says something; without the tools for that it only says something. Where a schema is asked for, that is
 * a value that fits.
 */
export function madeUpRule(
  { behaviour = 'edit', reads = 1, tokens }: MadeUpAnswers,
  seed: number,
): ScriptedRule {
  return {
    answer: (conversation) => {
      const call = behaviour === 'edit' ? nextCall(conversation, reads, seed) : undefined;
      return call ? { calls: [call] } : lastWords(conversation, tokens ?? TYPICAL_TOKENS, seed);
    },
  };
}

function lastWords(conversation: Conversation, tokens: ScriptedDraw, seed: number): ScriptedAnswer {
  if (conversation.schema) return { text: JSON.stringify(sampleValue(conversation.schema.definition)) };
  // Not the numbers that the delays of the same answer are drawn from.
  const random = seededRandom(mixText(hashOf(conversation, seed), 'length'));
  return fillerAnswer(Math.min(MAX_TOKENS, Math.max(1, Math.round(draw(tokens, random)))));
}

import type { Conversation } from '../../../src/model/scripted/conversation.ts';
import type { ScriptedModelScript } from '../../../src/model/scripted/script.ts';
import { answerOf, call, fileTurns, type PlannedPrompt } from '../shared/prompt-plan.ts';
import { Prng } from '../shared/prng.ts';

/** Names of tools that do something outside, which shows in the file of effects. */
export const EFFECTS = { host: 'deploy', repeatable: 'publish', module: 'notify' } as const;

/** What a session is asked for: a function of its id and the prompt's number, for service, model and checker alike. */
export function killPrompt(seed: number, sessionId: string, number: number): PlannedPrompt {
  const text = `kill9 ${sessionId} p${number}`;
  const prng = new Prng(seed).fork(text);
  const turns = fileTurns(prng.fork('files'), number);
  for (const name of Object.values(EFFECTS)) {
    if (!prng.chance(0.3)) continue;
    const tag = `${text} ${name}`;
    const effect = {
      ...call(name, { tag }, name === EFFECTS.repeatable ? 'ok' : 'effect'),
      says: `did ${tag}`,
    };
    const turn = prng.pick(turns);
    turn.splice(prng.below(turn.length + 1), 0, effect);
  }
  return { text, turns, reply: `done: ${text}` };
}

export function readKillPrompt(seed: number, text: string): PlannedPrompt | undefined {
  const match = /^kill9 (\S+) p(\d+)$/.exec(text);
  return match ? killPrompt(seed, match[1]!, Number(match[2])) : undefined;
}

/** @param onRequest  hears of every request before it is answered */
export function killScript(
  seed: number,
  onRequest: (conversation: Conversation) => void,
): ScriptedModelScript {
  return {
    delay: { firstMs: 15, jitter: 0.8 },
    rules: [
      {
        answer(conversation) {
          onRequest(conversation);
          const plan = readKillPrompt(seed, conversation.user);
          return plan ? answerOf(plan, conversation) : { text: 'nobody knows this prompt' };
        },
      },
    ],
  };
}

import type { ScriptedModelScript, ScriptedFault, ScriptedRule } from '../../../src/model/scripted/script.ts';
import {
  answerOf,
  call,
  fileTurns,
  type Expected,
  type PlannedCall,
  type PlannedPrompt,
} from '../shared/prompt-plan.ts';
import { Prng } from '../shared/prng.ts';

/** `storm`: faults are in it. `calm`: the same prompt without them. */
export type Mood = 'calm' | 'storm';

/** What a fault tool has to come to, and how often it is drawn: rarely where it costs much. */
export const FAULTS: Readonly<Record<string, { readonly expected: Expected; readonly weight: number }>> = {
  'throw-error': { expected: 'error', weight: 2 },
  'throw-null': { expected: 'error', weight: 2 },
  'throw-proxy': { expected: 'error', weight: 2 },
  'throw-getter': { expected: 'error', weight: 2 },
  exit: { expected: 'crashed', weight: 3 },
  heap: { expected: 'crashed', weight: 0.5 },
  loop: { expected: 'stuck', weight: 1 },
  microtasks: { expected: 'stuck', weight: 1 },
  regex: { expected: 'stuck', weight: 1 },
  hang: { expected: 'stuck', weight: 2 },
  'late-throw': { expected: 'ok', weight: 2 },
  'late-reject': { expected: 'ok', weight: 2 },
  'stdout-flood': { expected: 'ok', weight: 1 },
  'port-flood': { expected: 'ok', weight: 1 },
};

const MODEL_FAULTS: readonly ((prng: Prng) => ScriptedFault)[] = [
  () => ({ status: 429, retryAfter: 0 }),
  () => ({ status: 503 }),
  () => ({ status: 500 }),
  () => ({ refuse: true }),
  (prng) => ({ cutAtByte: prng.below(700) }),
];

export interface ChaosPrompt extends PlannedPrompt {
  /** Names of the faults in its calls. */
  readonly faults: readonly string[];
  /** The model fails the first time it is asked in this turn. */
  readonly modelFault: { readonly turn: number; readonly fault: ScriptedFault } | null;
}

/** Which prompts a session is given; a function of the seed, for the driver, the model and the checker alike. */
export class ChaosPlan {
  readonly seed: number;
  /** Sessions with a lower index are given faults. */
  readonly targets: number;

  constructor(seed: number, targets: number) {
    this.seed = seed;
    this.targets = targets;
  }

  prompt(index: number, number: number, mood: Mood): ChaosPrompt {
    const text = `chaos s${index} p${number} ${mood}`;
    const prng = new Prng(this.seed).fork(`s${index} p${number}`);
    const turns = fileTurns(prng.fork('files'), number);
    const reply = `done: s${index} p${number}`;
    if (mood === 'calm' || index >= this.targets) return { text, turns, reply, faults: [], modelFault: null };
    const faults: string[] = [];
    const drawn = prng.fork('faults');
    for (const turn of drawn.shuffled(turns).slice(0, drawn.between(1, 2))) {
      const fault = drawFault(drawn);
      faults.push(fault.name);
      // What a call leaves behind hits whatever runs next: at the end of a turn, that is nobody it could be mistaken for.
      const isLate = fault.name.startsWith('late-');
      turn.splice(isLate ? turn.length : drawn.below(turn.length + 1), 0, fault);
    }
    const modelFault = drawn.chance(0.1)
      ? { turn: drawn.below(turns.length + 1), fault: drawn.pick(MODEL_FAULTS)(drawn) }
      : null;
    return { text, turns, reply, faults, modelFault };
  }

  /** The prompt that was sent with this text. */
  read(text: string): ChaosPrompt | undefined {
    const match = /^chaos s(\d+) p(\d+) (calm|storm)$/.exec(text);
    return match ? this.prompt(Number(match[1]), Number(match[2]), match[3] as Mood) : undefined;
  }

  /** @param prompts  of each session, at most: the model's faults have to be known before */
  script(prompts: number): ScriptedModelScript {
    const rules: ScriptedRule[] = [];
    for (let index = 0; index < this.targets; index += 1) {
      for (let number = 1; number <= prompts; number += 1) {
        const { text, modelFault } = this.prompt(index, number, 'storm');
        if (!modelFault) continue;
        const { turn, fault } = modelFault;
        rules.push({ match: { turn, user: `^${text}$` }, times: 1, fault });
      }
    }
    const answer: ScriptedRule['answer'] = (conversation) => {
      const plan = this.read(conversation.user);
      return plan ? answerOf(plan, conversation) : { text: 'nobody knows this prompt' };
    };
    return { delay: { firstMs: 20, jitter: 0.5 }, rules: [...rules, { answer }] };
  }
}

function drawFault(prng: Prng): PlannedCall {
  const all = Object.entries(FAULTS);
  let left = prng.float() * all.reduce((sum, [, { weight }]) => sum + weight, 0);
  const [name, { expected }] = all.find(([, { weight }]) => (left -= weight) < 0) ?? all[0]!;
  return call(name, name === 'exit' ? { code: prng.below(3) } : {}, expected);
}

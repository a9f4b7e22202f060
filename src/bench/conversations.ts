import { seededRandom } from '../model/scripted/seeded.ts';
import { fillPrompt } from './fill-prompt.ts';
import type { BenchPlan, BenchScenario } from './plan.ts';

/** One conversation to be held, the same at every target. */
export interface PlannedConversation {
  /** From 0; of the warm-up below 0. */
  readonly index: number;
  readonly scenario: BenchScenario;
  /** Filled in. */
  readonly prompts: readonly string[];
  /** Its own, of 31 bits: what a sampling model is sent. */
  readonly seed: number;
}

/**
 * The conversation of an index: it follows from the plan's seed and the index alone, whatever came before it. So
 * targets meet the same ones in the same order, and a longer run begins as a shorter one does.
 */
export function conversationAt(
  { scenarios, seed }: Pick<BenchPlan, 'scenarios' | 'seed'>,
  index: number,
): PlannedConversation {
  const random = seededRandom(mixed(seed, index));
  const scenario = drawn(scenarios, random());
  const input = scenario.inputs[Math.floor(random() * scenario.inputs.length)] ?? {};
  return {
    index,
    scenario,
    prompts: scenario.prompts.map((prompt) => fillPrompt(prompt, input, index)),
    seed: Math.floor(random() * 2 ** 31),
  };
}

/** @param at  from 0 up to 1 */
function drawn(scenarios: readonly BenchScenario[], at: number): BenchScenario {
  let left = at * scenarios.reduce((sum, { weight }) => sum + weight, 0);
  return scenarios.find(({ weight }) => (left -= weight) < 0) ?? scenarios.at(-1)!;
}

/** Neighbouring seeds and indices must not give sequences that are alike (the finaliser of MurmurHash3). */
function mixed(seed: number, index: number): number {
  let hash = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(index | 0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

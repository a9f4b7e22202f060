import { scriptError } from './check-script.ts';
import { compileAnswer, plainAnswer, type CompiledAnswer } from './compile-answer.ts';
import { compileMatch, groupsOf, regExpOf, type Matcher } from './compile-match.ts';
import type { Conversation } from './conversation.ts';
import { drawProblem, type ScriptedDraw } from './draw.ts';
import type {
  ScriptedAnswer,
  ScriptedCache,
  ScriptedDelay,
  ScriptedFault,
  ScriptedLimits,
  ScriptedModelScript,
  ScriptedPrices,
  ScriptedRewrite,
  ScriptedRule,
  ScriptedStorm,
} from './script.ts';
import { BUILT_IN, compileTemplate, type Template } from './template.ts';

/** A script that is ready to answer. Holds no state: several servers may share it. */
export interface Script {
  readonly models: readonly string[];
  readonly seed: number;
  readonly limits: ScriptedLimits;
  readonly cache: ScriptedCache | undefined;
  readonly prices: ScriptedPrices | undefined;
  readonly storm: readonly ScriptedStorm[];
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly matches: Matcher;
  readonly times: number;
  readonly answer: (conversation: Conversation) => CompiledAnswer;
  readonly rewrite: Rewrite | undefined;
  readonly fault: ScriptedFault | undefined;
}

export interface Rewrite {
  readonly pattern: Template;
  readonly flags: string;
  readonly replacement: Template;
  readonly edit: string | undefined;
  readonly as: 'edit' | 'write';
  readonly otherwise: Template;
}

const DEFAULT_OTHERWISE = 'There is nothing to change.';
/** What a fault without an answer breaks. */
const ANSWER_TO_BREAK = { text: 'This is the text that the fault breaks.' };
const FAULT_DETAILS = ['headers', 'body', 'retryAfter'];

/** @throws {ConfigFileError} `invalid_script` */
export function compileScript(script: ScriptedModelScript, source: string): Script {
  checkDelay(script.delay, (path, problem) => scriptError(source, path, problem));
  for (const [i, spell] of (script.storm ?? []).entries())
    checkSpell(spell, (path, problem) => scriptError(source, ['storm', i, ...path], problem));
  return {
    models: script.models ?? ['scripted'],
    seed: script.seed ?? 1,
    limits: script.limits ?? {},
    cache: script.cache,
    prices: script.prices,
    storm: script.storm ?? [],
    rules: script.rules.map((rule, i) =>
      compileRule(rule, script, (path, problem) => scriptError(source, ['rules', i, ...path], problem)),
    ),
  };
}

/** Makes the error that is thrown for a key below the rule. */
type Fail = (path: readonly PropertyKey[], problem: string) => Error;

function compileRule(rule: ScriptedRule, script: ScriptedModelScript, fail: Fail): Rule {
  if (!rule.answer && !rule.rewrite && !rule.fault) throw fail([], 'needs an answer, a rewrite or a fault');
  if (rule.otherwise !== undefined && !rule.rewrite) throw fail(['otherwise'], 'needs a rewrite beside it');
  if (rule.fault) checkFault(rule.fault, fail);
  const match = rule.match ?? {};
  const matches = attempt(['match'], fail, () => compileMatch(match));
  const known = [...groupsOf(match), ...Object.keys(BUILT_IN)];
  return {
    matches,
    times: rule.times ?? Infinity,
    answer: answerOf(rule.answer ?? (rule.rewrite ? {} : ANSWER_TO_BREAK), known, script, fail),
    rewrite:
      rule.rewrite && attempt(['rewrite'], fail, () => compileRewrite(rule.rewrite!, rule.otherwise, known)),
    fault: rule.fault,
  };
}

function answerOf(
  answer: NonNullable<ScriptedRule['answer']>,
  known: readonly string[],
  script: ScriptedModelScript,
  fail: Fail,
): Rule['answer'] {
  if (typeof answer === 'function') {
    // A function that returns one and the same object, as a benchmark's does, has it cut once.
    const plain = new WeakMap<ScriptedAnswer, CompiledAnswer>();
    return (conversation) => {
      const made = answer(conversation);
      const kept = plain.get(made) ?? plainAnswer(made, script.delay);
      plain.set(made, kept);
      return kept;
    };
  }
  checkDelay(answer.delay, (path, problem) => fail(['answer', ...path], problem));
  const compiled = attempt(['answer'], fail, () => compileAnswer(answer, known, script.delay));
  return () => compiled;
}

/** @throws {Error} with the problem */
function compileRewrite(
  rewrite: ScriptedRewrite,
  otherwise: string | undefined,
  known: readonly string[],
): Rewrite {
  const flags = rewrite.flags ?? '';
  const pattern = compileTemplate(rewrite.pattern, known);
  // Values are escaped, so what is right with one is right with all.
  regExpOf('pattern', { pattern: pattern.render(() => 'x'), flags });
  return {
    pattern,
    flags: `${flags}g`,
    replacement: compileTemplate(rewrite.replacement, known),
    edit: rewrite.edit,
    as: rewrite.as ?? 'edit',
    otherwise: compileTemplate(otherwise ?? DEFAULT_OTHERWISE, known),
  };
}

function checkDelay(delay: ScriptedDelay | undefined, fail: Fail): void {
  for (const [key, figure] of Object.entries(delay ?? {}) as [string, ScriptedDraw | undefined][]) {
    const problem = drawProblem(figure);
    if (problem !== undefined) throw fail(['delay', key], problem);
  }
}

function checkSpell({ fromMs, toMs, fault }: ScriptedStorm, fail: Fail): void {
  if (toMs <= fromMs) throw fail(['toMs'], `must be more than fromMs; it is ${toMs}`);
  checkFault(fault, fail);
}

/** @throws what `fail` makes, for a fault that fails in no way, or in several */
export function checkFault(fault: ScriptedFault, fail: Fail): void {
  const given = Object.keys(fault).filter((key) => fault[key as keyof ScriptedFault] !== undefined);
  const kinds = given.filter((key) => !FAULT_DETAILS.includes(key));
  const [kind] = kinds;
  if (kind === undefined) throw fail(['fault'], 'says no way to fail');
  if (kinds.length > 1) throw fail(['fault'], `can fail in one way only; it has ${kinds.join(' and ')}`);
  const detail = given.find((key) => FAULT_DETAILS.includes(key));
  if (kind !== 'status' && detail !== undefined) throw fail(['fault', detail], 'needs a status beside it');
}

function attempt<Result>(path: readonly PropertyKey[], fail: Fail, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    throw fail(path, (error as Error).message);
  }
}

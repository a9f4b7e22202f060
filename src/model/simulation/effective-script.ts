import { scaledDraw, type ScriptedDraw } from '../scripted/draw.ts';
import type {
  ScriptedDelay,
  ScriptedLimits,
  ScriptedModelScript,
  ScriptedRule,
  ScriptedStorm,
} from '../scripted/script.ts';
import { FAULT_KINDS, type ProfileFault, type ProfileLimits, type SimulationProfile } from './profile.ts';

const MINUTE_MS = 60_000;
const CACHE_TTL_MS = 300_000;
/** The longest that a storm lasts: no simulation does. */
const FOR_EVER_MS = 2 ** 31 - 1;

/**
 * What a server answers by that is as the profile says and answers as the script does. Of the script only the answers count
 * (`rules`, `models`): when they come, and what stands in their way, is the profile's affair. Its times pass `speed` times as
 * fast; what is told of waits is not scaled, for a client whose clock runs as fast.
 */
export function effectiveScript(
  profile: SimulationProfile,
  { models, rules }: Pick<ScriptedModelScript, 'models' | 'rules'>,
): ScriptedModelScript {
  const { seed = 1, speed = 1, limits, cache, faults = [] } = profile;
  return {
    ...(models && { models }),
    seed,
    delay: delayOf(profile),
    ...(limits && { limits: limitsOf(limits, speed) }),
    ...(cache && { cache: { ...cache, ttlMs: Math.max(1, (cache.ttlMs ?? CACHE_TTL_MS) / speed) } }),
    storm: faults.map((fault) => spellOf(fault, speed)),
    rules: rules.map(withoutDelay),
  };
}

function delayOf({ latency: { firstTokenMs, tokenMs } = {}, speed = 1 }: SimulationProfile): ScriptedDelay {
  const real = (figure: ScriptedDraw): ScriptedDraw => scaledDraw(figure, 1 / speed);
  return {
    ...(firstTokenMs !== undefined && { firstMs: real(firstTokenMs) }),
    ...(tokenMs !== undefined && { tokenMs: real(tokenMs) }),
  };
}

function limitsOf({ told = 'openai', ...limits }: ProfileLimits, speed: number): ScriptedLimits {
  const isBare = told === 'none' || told === 'retry-after';
  return {
    ...limits,
    minuteMs: MINUTE_MS / speed,
    tellFullMinutes: true,
    headers: isBare ? 'none' : told,
    retryAfter: told !== 'none',
  };
}

function spellOf(
  { kind, fault, share = 1, fromMinute = 0, toMinute = Infinity }: ProfileFault,
  speed: number,
): ScriptedStorm {
  const realMs = (minute: number): number => Math.min(FOR_EVER_MS, (minute * MINUTE_MS) / speed);
  return {
    fromMs: realMs(fromMinute),
    toMs: realMs(toMinute),
    share,
    fault: fault ?? FAULT_KINDS[kind!],
  };
}

function withoutDelay(rule: ScriptedRule): ScriptedRule {
  if (typeof rule.answer !== 'object') return rule;
  const { delay: _, ...answer } = rule.answer;
  return { ...rule, answer };
}

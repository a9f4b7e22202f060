import { ConfigFileError } from '../../errors.ts';
import { DEFAULT_DEADLINES } from '../model.ts';
import { parseYaml } from '../../yaml.ts';
import { checkAgainst, keyOf } from '../scripted/check-script.ts';
import { checkFault } from '../scripted/compile-script.ts';
import { drawProblem, type ScriptedDraw } from '../scripted/draw.ts';
import { profileSchema } from './profile-schema.ts';
import { FAULT_KINDS, type ProfileFault, type SimulationProfile } from './profile.ts';

type Path = readonly PropertyKey[];
type Fail = (path: Path, problem: string) => ConfigFileError;

/**
 * A profile's YAML text → the profile.
 * @param source  the file's path, named in errors
 * @throws {ConfigFileError} `invalid_yaml`, or `invalid_profile` naming the file, the key and, for a typo, the nearest one
 */
export function parseProfile(text: string, source: string): SimulationProfile {
  // A file with nothing but comments is a profile without any limits.
  return checkProfile(parseYaml(text, { source }) ?? {}, source);
}

/** @throws {ConfigFileError} `invalid_profile`, also for one with which nothing would ever be answered */
export function checkProfile(value: unknown, source: string): SimulationProfile {
  const fail: Fail = (path, problem) =>
    new ConfigFileError('invalid_profile', `Profile ${source}: ${keyOf(path, 'the profile')} ${problem}.`);
  refuseNothingAllowed(value, fail);
  checkAgainst(profileSchema, value, fail);
  const profile = value as SimulationProfile;
  checkFigures(profile, fail);
  const { answers, latency = {} } = profile;
  if (typeof answers === 'object' && answers.behaviour === 'text' && answers.reads !== undefined)
    throw fail(['answers', 'reads'], 'goes with the behaviour edit; text reads no files');
  if (leastOf(latency.firstTokenMs) > DEFAULT_DEADLINES.firstByteMs)
    throw fail(
      ['latency', 'firstTokenMs'],
      `is longer than skein waits for an answer to begin (${DEFAULT_DEADLINES.firstByteMs} ms): nothing would ever be answered`,
    );
  for (const [i, fault] of (profile.faults ?? []).entries())
    checkSpell(fault, (path, problem) => fail(['faults', i, ...path], problem));
  checkShares(profile.faults ?? [], fail);
  return profile;
}

/** A schema would only say that 0 is too little. */
function refuseNothingAllowed(value: unknown, fail: Fail): void {
  const limits = Object((Object(value) as { limits?: unknown }).limits) as Record<string, unknown>;
  for (const key of ['requestsPerMinute', 'tokensPerMinute', 'concurrent']) {
    if (limits[key] === 0)
      throw fail(['limits', key], 'is 0: nothing would ever be answered; leave it out for no limit');
  }
}

function checkFigures({ latency = {}, answers }: SimulationProfile, fail: Fail): void {
  const figures: (readonly [Path, ScriptedDraw | undefined])[] = [
    [['latency', 'firstTokenMs'], latency.firstTokenMs],
    [['latency', 'tokenMs'], latency.tokenMs],
    [['answers', 'tokens'], typeof answers === 'object' ? answers.tokens : undefined],
  ];
  for (const [path, figure] of figures) {
    const problem = drawProblem(figure);
    if (problem !== undefined) throw fail(path, problem);
  }
}

/** What half of the figures, at least, are above. */
function leastOf(figure: ScriptedDraw = 0): number {
  if (typeof figure === 'number') return figure;
  return 'mean' in figure ? figure.mean : figure.p50;
}

function checkSpell({ kind, fault, fromMinute = 0, toMinute = Infinity }: ProfileFault, fail: Fail): void {
  if (kind !== undefined && fault !== undefined) throw fail([], 'has a kind and a fault; give one of them');
  if (kind === undefined && fault === undefined)
    throw fail([], `needs a kind (${Object.keys(FAULT_KINDS).join(', ')}) or a fault`);
  if (fault) checkFault(fault, fail);
  if (toMinute <= fromMinute) throw fail(['toMinute'], `must be more than fromMinute; it is ${toMinute}`);
}

/** Shares that are on at once are shares of the same requests; and in the end some request must be answered. */
function checkShares(faults: readonly ProfileFault[], fail: Fail): void {
  const totalAt = (minute: number): number =>
    faults
      .filter(({ fromMinute = 0, toMinute = Infinity }) => fromMinute <= minute && minute < toMinute)
      .reduce((total, { share = 1 }) => total + share, 0);
  const changes = faults.flatMap(({ fromMinute = 0, toMinute = 0 }) => [fromMinute, toMinute]);
  // Sums of decimal fractions are off by a hair.
  const most = 1 + 1e-9;
  const full = changes.find((minute) => totalAt(minute) > most);
  if (full !== undefined)
    throw fail(
      ['faults'],
      `strike more than all requests in minute ${full}: their shares add up to ${round(totalAt(full))}`,
    );
  const last = Math.max(0, ...changes);
  if (totalAt(last) > 1 - 1e-9)
    throw fail(
      ['faults'],
      `strike every request from minute ${last} on: nothing would ever be answered; give the last one a toMinute, or smaller shares`,
    );
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}

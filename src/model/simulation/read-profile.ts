import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ConfigFileError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { readScript } from '../scripted/read-script.ts';
import type { ScriptedModelScript } from '../scripted/script.ts';
import { parseProfile } from './parse-profile.ts';
import type { SimulationProfile } from './profile.ts';
import { READY_PROFILES } from './ready-profiles.ts';

/** A profile as a command names it. */
export interface NamedProfile {
  /** Of a ready profile; else of the file, without its extension. */
  readonly name: string;
  readonly profile: SimulationProfile;
  /** What its `answers` name; undefined where they name no file. */
  readonly script: ScriptedModelScript | undefined;
}

/**
 * @param given  the name of a ready profile, or a file's path
 * @throws {ConfigFileError} `unknown_profile`; `profile_unreadable`; `invalid_yaml`, `invalid_profile`; and for the answers
 *   `script_unreadable`, `invalid_script`
 */
export async function readProfile(given: string): Promise<NamedProfile> {
  const ready = Object.hasOwn(READY_PROFILES, given) ? READY_PROFILES[given] : undefined;
  if (ready) return { name: given, profile: ready, script: undefined };
  const profile = parseProfile(await readText(given), given);
  const name = basename(given).replace(/\.ya?ml$/i, '');
  const { answers } = profile;
  if (typeof answers !== 'string') return { name, profile, script: undefined };
  return { name, profile, script: await readScript(resolve(dirname(given), answers)) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    // What looks like no file was hardly meant to be one.
    if (code === 'ENOENT' && !/[./\\]/.test(path)) throw unknownProfile(path);
    throw new ConfigFileError('profile_unreadable', `Profile ${path} cannot be read (${code}).`, { cause });
  }
}

function unknownProfile(name: string): ConfigFileError {
  const known = Object.keys(READY_PROFILES);
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  return new ConfigFileError(
    'unknown_profile',
    `There is no profile called ${name}, and no such file.${hint} Ready ones are ${known.join(', ')}.`,
  );
}

import { readFile } from 'node:fs/promises';
import { ConfigFileError } from '../../errors.ts';
import { parseYaml } from '../../yaml.ts';
import { checkScript } from './parse-script.ts';
import type { ScriptedModelScript } from './script.ts';

/**
 * The script that a YAML file holds, checked.
 * @throws {ConfigFileError} `script_unreadable`, `invalid_yaml`, `invalid_script`
 */
export async function readScript(path: string): Promise<ScriptedModelScript> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigFileError(
      'script_unreadable',
      `Model script ${path} cannot be read: ${(error as Error).message}.`,
      { cause: error },
    );
  }
  const script = parseYaml(text, { source: path });
  checkScript(script, path);
  return script as ScriptedModelScript;
}

import { parseYaml } from '../../yaml.ts';
import { checkAgainst, scriptError } from './check-script.ts';
import { compileScript, type Script } from './compile-script.ts';
import { scriptSchema } from './script-schema.ts';
import type { ScriptedModelScript, ScriptedRule } from './script.ts';

/**
 * A script's YAML text → a script that is ready to answer.
 * @param source  the file's path, named in errors
 * @throws {ConfigFileError} `invalid_yaml`, or `invalid_script` naming the file, the key and, for a typo, the nearest one
 */
export function parseScript(text: string, source: string): Script {
  return checkScript(parseYaml(text, { source }), source);
}

/** A script object → a script that is ready to answer. @throws {ConfigFileError} `invalid_script` */
export function checkScript(script: unknown, source: string): Script {
  checkAgainst(scriptSchema, withoutFunctions(script), (path, problem) => scriptError(source, path, problem));
  return compileScript(script as ScriptedModelScript, source);
}

/** The schema knows data; what a function returns is the business of its author. */
function withoutFunctions(script: unknown): unknown {
  const rules = (script as { rules?: unknown } | null)?.rules;
  if (!Array.isArray(rules)) return script;
  return {
    ...(script as object),
    rules: rules.map((rule: ScriptedRule | null) =>
      typeof rule?.answer === 'function' ? { ...rule, answer: {} } : rule,
    ),
  };
}

import { CORE_SCHEMA, FAILSAFE_SCHEMA, load, YAMLException } from 'js-yaml';
import { ConfigFileError } from './errors.ts';

const MAX_CHARS = 1024 * 1024;
const MAX_DEPTH = 32;

/**
 * One YAML 1.2 document as plain data; null for an empty text. Dates stay strings, merge keys are not merged,
 * duplicate keys and aliases are refused (a few bytes of aliases can stand for megabytes).
 * Keys are the author's: copy the known ones, never merge the result, since `__proto__` may be one of them.
 * @param options.source  the file, for the message
 * @param options.strings  leave every scalar the string that was written: `1.0` is `"1.0"`, nothing is `""`
 * @throws {ConfigFileError} `invalid_yaml`, with the line
 */
export function parseYaml(
  text: string,
  options: { readonly source: string; readonly strings?: boolean },
): unknown {
  if (text.length > MAX_CHARS) {
    throw invalid(options.source, `has ${text.length} characters; at most ${MAX_CHARS} are read`);
  }
  if (isEmpty(text)) return null;
  try {
    return load(text, {
      schema: options.strings ? FAILSAFE_SCHEMA : CORE_SCHEMA,
      maxDepth: MAX_DEPTH,
      maxAliases: 0,
    });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? ` at line ${error.mark.line + 1}, column ${error.mark.column + 1}` : '';
    // What `key: {{name}}` is to YAML.
    const hint = error.reason.includes('complex keys') ? ' (a value that begins with {{ must be quoted)' : '';
    throw invalid(options.source, `is not valid YAML${line}: ${error.reason}${hint}`, error);
  }
}

/** Blank lines and comments only: js-yaml calls that an error. */
function isEmpty(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
}

function invalid(source: string, problem: string, cause?: unknown): ConfigFileError {
  return new ConfigFileError('invalid_yaml', `${source} ${problem}.`, { cause });
}

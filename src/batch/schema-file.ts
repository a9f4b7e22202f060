import { readFileSync } from 'node:fs';
import { ConfigFileError, InvalidOptionError } from '../errors.ts';
import { outputSchema } from '../pool/output-schema.ts';
import type { JsonSchema } from '../tools/tool.ts';
import { parseYaml } from '../yaml.ts';

/**
 * The JSON Schema in a file, in JSON or YAML.
 * @throws {ConfigFileError} `invalid_schema` when it cannot be read or used; `invalid_yaml`
 */
export function readSchemaFile(file: string): JsonSchema {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigFileError('invalid_schema', `Schema file ${file} cannot be read (${code}).`, { cause });
  }
  const schema = parseYaml(text, { source: file });
  const problem = schemaProblem(schema);
  if (problem !== undefined) throw new ConfigFileError('invalid_schema', `Schema file ${file}: ${problem}`);
  return schema as JsonSchema;
}

/** Why no answer could be held against it, as a sentence; undefined when it can be used. */
export function schemaProblem(schema: unknown): string | undefined {
  try {
    outputSchema(schema as JsonSchema);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.message.replace(/^Option /, '');
    throw error;
  }
}

import { ConfigFileError, SkillError } from '../errors.ts';
import { parseYaml } from '../yaml.ts';
import type { SkillWarning } from './skill.ts';

/** More than this between the dashes is no description of anything. */
const MAX_FRONT_MATTER_CHARS = 64 * 1024;

/** A Markdown file that starts with YAML between two lines of three dashes. */
export interface FrontMatter {
  /** Scalars are the strings that were written: `version: 1.0` is `"1.0"`. Without prototype. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** What follows, trimmed. */
  readonly body: string;
  readonly warnings: readonly SkillWarning[];
}

/**
 * Reads the front matter of a file. A BOM and CRLF are accepted. A line such as `description: Use it: often`, which
 * YAML refuses, is taken for what it means, with the warning `unquoted_colon`.
 * @param path  for messages
 * @throws {SkillError} `no_frontmatter`, `unterminated_frontmatter`, `invalid_yaml`, `invalid_frontmatter` (not a map)
 */
export function parseFrontMatter(text: string, path: string): FrontMatter {
  const { yaml, body } = split(text, path);
  if (yaml.length > MAX_FRONT_MATTER_CHARS) {
    throw new SkillError(
      'invalid_frontmatter',
      path,
      `${path}: the front matter has ${yaml.length} characters; at most ${MAX_FRONT_MATTER_CHARS} are read.`,
    );
  }
  const { value, warnings } = parseLeniently(yaml, path);
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw new SkillError(
      'invalid_frontmatter',
      path,
      `${path}: the front matter must be "key: value" lines, got ${Array.isArray(value) ? 'a list' : 'a single text'}.`,
    );
  }
  return { fields: Object.assign(Object.create(null), value), body: body.trim(), warnings };
}

function split(text: string, path: string): { readonly yaml: string; readonly body: string } {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const isFence = (line: string | undefined): boolean => /^---[ \t]*$/.test(line ?? '');
  if (!isFence(lines[0])) {
    throw new SkillError(
      'no_frontmatter',
      path,
      `${path}: no front matter: the file must start with a line "---"; a description is required.`,
    );
  }
  const end = lines.findIndex((line, index) => index > 0 && isFence(line));
  if (end === -1) {
    throw new SkillError(
      'unterminated_frontmatter',
      path,
      `${path}: the front matter has no end; close it with a line "---".`,
    );
  }
  // The empty first line stands for the dashes, so that line numbers in messages are those of the file.
  return { yaml: ['', ...lines.slice(1, end)].join('\n'), body: lines.slice(end + 1).join('\n') };
}

function parseLeniently(
  yaml: string,
  path: string,
): { readonly value: unknown; readonly warnings: SkillWarning[] } {
  try {
    return { value: parseYaml(yaml, { source: path, strings: true }), warnings: [] };
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    const { text, keys } = quoteColons(yaml);
    try {
      if (keys.length > 0) {
        const value = parseYaml(text, { source: path, strings: true });
        return { value, warnings: [unquotedColon(path, keys)] };
      }
    } catch {
      // The first message is about the file as it is.
    }
    throw new SkillError('invalid_yaml', path, error.message);
  }
}

function unquotedColon(path: string, keys: readonly string[]): SkillWarning {
  return {
    path,
    code: 'unquoted_colon',
    message: `${path}: ${keys.join(', ')} contains a colon and should be quoted; it was read as plain text.`,
  };
}

/** Quotes plain values of `key: text` lines that contain a colon, where YAML sees a second key. */
function quoteColons(yaml: string): { readonly text: string; readonly keys: readonly string[] } {
  const keys: string[] = [];
  const lines = yaml.split('\n').map((line) => {
    // Whatever starts with another sign than these is a plain text to YAML too.
    const match = /^([\w-]+):[ \t]+([^\s"'[\]{}|>&*!%@`#,?].*)$/.exec(line);
    if (!match) return line;
    const [, key = '', value = ''] = match;
    const plain = value.replace(/[ \t]+#.*$/, '').trimEnd();
    if (!/:(?:\s|$)/.test(plain)) return line;
    keys.push(key);
    return `${key}: ${JSON.stringify(plain)}`;
  });
  return { text: lines.join('\n'), keys };
}

import { hintFor } from './check-script.ts';
import type { Conversation } from './conversation.ts';

/** Name → value, for the `{{name}}` of templates. */
export type Values = (name: string) => string;

/** Values that every template knows. */
export const BUILT_IN: Readonly<Record<string, (conversation: Conversation) => string>> = {
  turn: ({ turn }) => String(turn),
  last: ({ last }) => last,
  user: ({ user }) => user,
  model: ({ model }) => model,
  changes: ({ changes }) => String(changes),
};

const PLACEHOLDER = /(\\?)\{\{\s*([A-Za-z_]\w*)(\|number)?\s*\}\}/g;

/** A text with `{{name}}` in it. A backslash in front leaves one as it is. */
export interface Template {
  /** The text, when it has no placeholders: what follows from it can be kept. */
  readonly constant: string | undefined;
  /** @param escape  applied to each value */
  render(values: Values, escape?: (value: string) => string): string;
}

/** @throws {Error} with the problem, when the text uses a name that is not known */
export function compileTemplate(text: string, known: readonly string[]): Template {
  const literals: string[] = [];
  const names: string[] = [];
  let literal = '';
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, backslash, name = ''] = match;
    literal += text.slice(at, match.index);
    at = match.index + whole.length;
    if (backslash) {
      literal += whole.slice(1);
      continue;
    }
    if (!known.includes(name))
      throw new Error(
        `uses {{${name}}}, which is no value; ${hintFor(name, known)} (\\{{${name}}} means the braces)`,
      );
    literals.push(literal);
    names.push(name);
    literal = '';
  }
  const end = literal + text.slice(at);
  return {
    constant: names.length === 0 ? end : undefined,
    render: (values, escape = same) =>
      names.reduce((sum, name, i) => sum + literals[i]! + escape(values(name)), '') + end,
  };
}

/** Any JSON value with templates for strings; `{{name|number}}` alone gives a number. */
export function compileValue(value: unknown, known: readonly string[]): (values: Values) => unknown {
  if (typeof value === 'string') {
    const template = compileTemplate(value, known);
    if (template.constant !== undefined) return () => template.constant;
    return /^\{\{[^{}|]+\|number\s*\}\}$/.test(value)
      ? (values) => Number(template.render(values))
      : (values) => template.render(values);
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => compileValue(item, known));
    return (values) => items.map((item) => item(values));
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => [key, compileValue(field, known)] as const);
    return (values) => Object.fromEntries(fields.map(([key, field]) => [key, field(values)]));
  }
  return () => value;
}

function same(value: string): string {
  return value;
}

/** Text that is HTML already. Made by {@link markup} only. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text and numbers are escaped, {@link Html} is not, false and null stand for nothing. */
type Value = string | number | Html | false | null;

/**
 * Tagged template for HTML: everything put into it is escaped, so that no value can become markup. Not called `html`, since
 * formatters rewrap templates of that name, and blanks count in `<pre>` and in the hash of `<style>`.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = strings[0]!;
  values.forEach((value, i) => {
    text += render(value) + strings[i + 1]!;
  });
  return new Html(text);
}

/** Text of ours that must not be escaped. */
markup.trusted = (text: string): Html => new Html(text);

export function join(parts: readonly Html[]): Html {
  return new Html(parts.map((part) => part.text).join(''));
}

function render(value: Value): string {
  if (value instanceof Html) return value.text;
  if (value === false || value === null) return '';
  return escape(String(value));
}

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Controls and marks that turn the reading direction are shown by their number: they can make text look like other text. */
const INVISIBLE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

function escape(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => MARKUP[character]!)
    .replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

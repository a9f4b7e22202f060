/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** A shorter value is found in ordinary words too often to be taken out of anything but an error's text. */
const MIN_LENGTH = 8;
/** Shorter still, and even an error's text would be garbled. */
const MIN_LENGTH_IN_MESSAGES = 4;

/** What the documentation of local servers has people write where a key must be given: protects nothing, and is a word. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'lm-studio',
  'not-needed',
  'no-key-required',
  'sk-no-key-required',
  'token-abc123',
]);

/**
 * What looks like a credential whoever it belongs to; only for messages, never for a model's answer or a file. Each form
 * has a prefix that its issuer gave it for this purpose, and most ask for a digit, which words and names in code lack. All are
 * bounded, so that a long text costs no more than its length. (Formats as
 * gitleaks' default rules list them; RFC 6750 and 7617 for the schemes; RFC 7519 for `eyJ`.)
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+(?=[\w.~+/=-]{0,200}\d)[\w.~+/-]{12,}=*/gi, `$1 ${REDACTED}`],
  // OpenAI, OpenRouter, Anthropic, DeepSeek and most that copied them.
  [/\bsk-(?=[\w-]{0,200}\d)[\w-]{16,}/g, REDACTED],
  // Groq, xAI, Hugging Face, Google, GitHub (classic and fine-grained), AWS, Slack.
  [/\b(?:gsk_|xai-|hf_)(?=\w{0,200}\d)\w{30,}/g, REDACTED],
  [/\bAIza[\w-]{35}/g, REDACTED],
  [/\b(?:gh[pousr]_|github_pat_)\w{36,}/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g, REDACTED],
  [/\bxox[abeoprs]-(?=[\w-]{0,200}\d)[\w-]{16,}/g, REDACTED],
  [/\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]*/g, REDACTED],
  // A login in a URL.
  [/(\b[a-z][a-z\d+.-]{1,20}:\/\/)[^\s/@:'"]{0,200}:[^\s/@'"]{1,200}@/gi, `$1${REDACTED}@`],
];

/**
 * Takes secrets out of texts: values that it knows, in each form in which they travel (as they are, in JSON, in a URL,
 * in Base64 alone or within something longer), and in messages also what looks like a credential. Answers, tool calls
 * and tool results lose known values only, so that nothing of theirs is ever guessed at; what is in files is the
 * user's and passes through no redactor.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  #known = new KnownForms([]);
  #short: readonly string[] = [];

  constructor(secrets: Iterable<string> = []) {
    this.learn(secrets);
  }

  /** More values to take out, from now on. Those under 8 characters are taken out of messages only, under 4 of nothing. */
  learn(secrets: Iterable<string>): void {
    const before = this.#secrets.size;
    for (const secret of secrets) {
      const value = secret.trim();
      if (value.length >= MIN_LENGTH_IN_MESSAGES) this.#secrets.add(value);
    }
    if (this.#secrets.size === before) return;
    const all = [...this.#secrets];
    const isLong = (secret: string): boolean => secret.length >= MIN_LENGTH && !PLACEHOLDERS.has(secret);
    this.#known = new KnownForms(all.filter(isLong).flatMap(formsOf));
    this.#short = all.filter((secret) => !isLong(secret)).sort((a, b) => b.length - a.length);
  }

  /** The text without known values: for content. The same string when there are none in it. */
  redact(text: string): string {
    return this.#known.replaceIn(text);
  }

  /** {@link redact} for a text that was cut off: also without what may be the beginning of a known value at its end. */
  redactCut(text: string): string {
    return this.stream().push(text);
  }

  /**
   * {@link redact} for the arguments of a call, in whatever way their JSON is written: `\u0073` is an `s` to the tool.
   */
  redactJson(json: string): string {
    const redacted = this.redact(json);
    if (!json.includes('\\') || this.#known.isEmpty) return redacted;
    try {
      const plain = JSON.stringify(JSON.parse(redacted));
      const clean = this.redact(plain);
      return clean === plain ? redacted : clean;
    } catch {
      return redacted;
    }
  }

  /** Without known values, short ones included, and without what looks like a credential: for errors, warnings, logs. */
  redactMessage(text: string): string {
    let clean = this.redact(text);
    for (const secret of this.#short) clean = clean.replaceAll(secret, REDACTED);
    for (const [pattern, instead] of PATTERNS) clean = clean.replace(pattern, instead);
    return clean;
  }

  /** {@link redact} for text that arrives in pieces. */
  stream(): RedactedStream {
    return new RedactedStream(this.#known);
  }
}

/**
 * The pieces together are what {@link Redactor.redact} makes of the whole, wherever it was cut. Held back is only what
 * the beginning of a known value at the end of a piece could be.
 */
export class RedactedStream {
  readonly #known: KnownForms;
  #held = '';

  constructor(known: KnownForms) {
    this.#known = known;
  }

  push(piece: string): string {
    if (this.#known.isEmpty) return piece;
    const [clean, open] = this.#known.replaceInPart(this.#held + piece);
    this.#held = open;
    return clean;
  }

  /** Nothing follows: what was held back was no value. */
  end(): string {
    const rest = this.#known.replaceIn(this.#held);
    this.#held = '';
    return rest;
  }

  /** Something should follow, and will not: what was held back may be half of a value. A few characters are none. */
  cutOff(): string {
    return this.#held.length < MIN_LENGTH_IN_MESSAGES ? this.end() : '';
  }
}

/** Texts to look for; the first counts, and where several begin at one place, the longest. */
class KnownForms {
  readonly #pattern: RegExp | undefined;
  /** By their first UTF-16 unit, the longest first. */
  readonly #byStart = new Map<number, string[]>();
  /** Which ASCII units begin one: asked of every unit of every piece, where a map is ten times as slow. */
  readonly #starts = new Uint8Array(128);

  constructor(forms: readonly string[]) {
    const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
    for (const form of longestFirst) {
      const start = form.charCodeAt(0);
      if (start < 128) this.#starts[start] = 1;
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), form]);
    }
    if (longestFirst.length > 0) this.#pattern = new RegExp(longestFirst.map(escapePattern).join('|'), 'g');
  }

  get isEmpty(): boolean {
    return this.#pattern === undefined;
  }

  replaceIn(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, REDACTED) : text;
  }

  /** For a text that goes on: what is certain of it, and the end that is not. */
  replaceInPart(text: string): readonly [clean: string, open: string] {
    let clean = '';
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit < 128 && this.#starts[unit] === 0) continue;
      const form = this.#byStart.get(unit)?.find((one) => mayBeginAt(one, text, at));
      if (form === undefined) continue;
      clean += text.slice(from, at);
      if (form.length > text.length - at) return [clean, text.slice(at)];
      clean += REDACTED;
      from = at + form.length;
      at = from - 1;
    }
    return [from === 0 ? text : clean + text.slice(from), ''];
  }
}

/** Whether the form is there, as far as the text goes. */
function mayBeginAt(form: string, text: string, at: number): boolean {
  return form.length > text.length - at ? form.startsWith(text.slice(at)) : text.startsWith(form, at);
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A secret as it is written in the places that texts are put together from. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    // Of the bytes: half a surrogate pair would be refused.
    encodeURIComponent(bytes.toString()),
    encodeURIComponent(bytes.toString()).replace(/%../g, (code) => code.toLowerCase()),
    // JSON as other languages write it.
    JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
    ...['toLowerCase' as const, 'toUpperCase' as const].map((casing) =>
      secret.replace(/[^\w.~-]/g, (character) => `\\u${hex4(character)[casing]()}`),
    ),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    secret.replace(/[&<>"']/g, (character) => HTML[character]!),
  ];
  for (const encoding of ['base64', 'base64url'] as const) {
    forms.push(bytes.toString(encoding).replace(/=+$/, ''));
    // In Base64 of something longer the secret begins in one of three places of a group; the characters that it shares with
    // its neighbours are left out.
    for (const offset of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
      forms.push(shifted.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6)));
    }
  }
  return forms;
}

function hex4(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

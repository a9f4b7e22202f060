import { createHash } from 'node:crypto';
import { markedPrompt } from './prompt-text.ts';
import type { Message } from './conversation.ts';
import type { ScriptedCache } from './script.ts';

const CHARS_PER_TOKEN = 4;

/** What of a prompt was in the cache when its request came. */
export interface CacheRead {
  readonly cached: number;
  /** Undefined where the cache is not told what to keep, and says nothing of it. */
  readonly cacheWrite: number | undefined;
  /** The answer begins: others may read what this request wrote. */
  begin(): void;
}

/** The start of a prompt, by its hash. */
interface Prefix {
  readonly hash: string;
  readonly tokens: number;
  readonly written: boolean;
}

/**
 * A provider's prompt cache: keeps the starts of prompts for a time, and knows one again only when every byte is the same.
 * Those who ask together all miss: a start can be read only once the request that wrote it is being answered.
 */
export class PromptCache {
  readonly #minTokens: number;
  readonly #blockTokens: number;
  readonly #ttlMs: number;
  readonly #explicit: boolean;
  /** Hash → when it is forgotten. What is forgotten first comes first. */
  readonly #kept = new Map<string, number>();

  constructor({ minTokens = 1024, blockTokens = 128, ttlMs = 300_000, explicit = false }: ScriptedCache) {
    this.#minTokens = minTokens;
    this.#blockTokens = blockTokens;
    this.#ttlMs = ttlMs;
    this.#explicit = explicit;
  }

  /** @param lane  whose prompts they are: a key and a model share nothing with another */
  read(lane: string, tools: unknown, messages: readonly Message[]): CacheRead {
    const prefixes = this.#explicit
      ? this.#marked(lane, tools, messages)
      : this.#blocks(lane, tools, messages);
    const now = performance.now();
    this.#forget(now);
    const found = prefixes.findLast(({ hash }) => this.#kept.has(hash));
    const written = prefixes.filter((prefix) => prefix.written);
    const cached = found?.tokens ?? 0;
    return {
      cached,
      cacheWrite: this.#explicit ? Math.max(0, (written.at(-1)?.tokens ?? 0) - cached) : undefined,
      begin: () => this.#keep(found ? [found, ...written] : written),
    };
  }

  /** Whole blocks, of at least so many tokens in all. */
  #blocks(lane: string, tools: unknown, messages: readonly Message[]): Prefix[] {
    const text = markedPrompt(tools, messages)
      .map((segment) => segment.text)
      .join('');
    const blockChars = this.#blockTokens * CHARS_PER_TOKEN;
    const prefixes: Prefix[] = [];
    let hash = lane;
    for (let end = blockChars; end <= text.length; end += blockChars) {
      hash = chained(hash, text.slice(end - blockChars, end));
      const tokens = end / CHARS_PER_TOKEN;
      if (tokens >= this.#minTokens) prefixes.push({ hash, tokens, written: true });
    }
    return prefixes;
  }

  /** Up to the last mark; only what ends at a mark is written. */
  #marked(lane: string, tools: unknown, messages: readonly Message[]): Prefix[] {
    const segments = markedPrompt(tools, messages);
    const last = segments.findLastIndex(({ marked }) => marked);
    const prefixes: Prefix[] = [];
    let hash = lane;
    let chars = 0;
    for (const { text, marked } of segments.slice(0, last + 1)) {
      hash = chained(hash, text);
      chars += text.length;
      const tokens = Math.floor(chars / CHARS_PER_TOKEN);
      if (tokens >= this.#minTokens) prefixes.push({ hash, tokens, written: marked });
    }
    return prefixes;
  }

  #keep(prefixes: readonly Prefix[]): void {
    const untilMs = performance.now() + this.#ttlMs;
    for (const { hash } of prefixes) {
      this.#kept.delete(hash);
      this.#kept.set(hash, untilMs);
    }
  }

  #forget(nowMs: number): void {
    for (const [hash, untilMs] of this.#kept) {
      if (untilMs > nowMs) return;
      this.#kept.delete(hash);
    }
  }
}

function chained(hash: string, text: string): string {
  return createHash('sha256').update(hash).update(text).digest('base64');
}

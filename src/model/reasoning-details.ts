/** What comes in pieces; everything else of a detail is whole wherever it stands. */
const IN_PIECES = new Set(['text', 'summary', 'data']);

type Detail = Record<string, unknown>;

/**
 * OpenRouter's `reasoning_details` from their pieces (openrouter.ai/docs, reasoning tokens). They have to go back unmodified,
 * so nothing of them is understood here but how they come: pieces belong together by `index`, `type` and `id`, a piece without
 * `index` by its place in the list.
 */
export class ReasoningDetails {
  readonly #details = new Map<string, Detail>();
  /** The key of the last piece that had an id: those that follow may have none. */
  readonly #lastId = new Map<string, string>();

  /** @returns whether it said anything */
  add(piece: unknown, position: number): boolean {
    if (typeof piece !== 'object' || piece === null || Array.isArray(piece)) return false;
    const fields = piece as Readonly<Detail>;
    const index = Number.isInteger(fields['index']) ? fields['index'] : position;
    const place = `${String(index)} ${String(fields['type'])}`;
    const id = typeof fields['id'] === 'string' ? fields['id'] : this.#lastId.get(place);
    if (id !== undefined && !this.#lastId.has(place)) {
      // It began without its id.
      const begun = this.#details.get(place);
      this.#details.delete(place);
      if (begun) this.#details.set(`${place} ${id}`, begun);
    }
    if (id !== undefined) this.#lastId.set(place, id);
    const key = id === undefined ? place : `${place} ${id}`;
    const detail = this.#details.get(key) ?? {};
    this.#details.set(key, detail);
    for (const [name, value] of Object.entries(fields)) {
      const before = Object.hasOwn(detail, name) ? detail[name] : undefined;
      const isPiece = IN_PIECES.has(name) && typeof value === 'string' && typeof before === 'string';
      if (isPiece) define(detail, name, before + value);
      else if (before === undefined || before === null || (value !== null && value !== undefined)) {
        define(detail, name, value);
      }
    }
    return true;
  }

  /** In the order in which they began. */
  whole(): readonly unknown[] {
    return [...this.#details.values()];
  }
}

/** Names come from outside: `__proto__` is one like any other. */
function define(detail: Detail, name: string, value: unknown): void {
  Object.defineProperty(detail, name, { value, writable: true, enumerable: true, configurable: true });
}

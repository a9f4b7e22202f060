import { isWholeJson } from './cut-json.ts';

/** An output item of the Responses API as it is sent, in events and whole. Nothing of it is certain. */
export interface RawItem {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly call_id?: unknown;
  readonly name?: unknown;
  readonly arguments?: unknown;
  readonly input?: unknown;
  readonly operation?: unknown;
  readonly content?: unknown;
  readonly summary?: unknown;
  readonly encrypted_content?: unknown;
  readonly phase?: unknown;
  readonly status?: unknown;
}

/** What stands where an item should. */
export function asItem(value: unknown): RawItem {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** Which of an item's fields a delta adds to. */
export type PieceField = 'text' | 'summary' | 'thought' | 'arguments';

interface Piece {
  text: string;
  isWhole: boolean;
}

/** One output item, from whatever has come of it. What was sent whole counts more than its pieces. */
export class ResponsesItem {
  /** Infinity where no event said it. */
  readonly outputIndex: number;
  /** Ids that events called it by. */
  readonly names = new Set<string>();
  /** As it was announced: nothing may be in it yet. */
  begun: RawItem = {};
  /** As it ended, by its own event or else by the response's last. */
  ended: RawItem | undefined;
  readonly #pieces: Readonly<Record<PieceField, Map<number, Piece>>> = {
    text: new Map(),
    summary: new Map(),
    thought: new Map(),
    arguments: new Map(),
  };

  constructor(outputIndex: number) {
    this.outputIndex = outputIndex;
  }

  get type(): string {
    return text(this.ended?.type) || text(this.begun.type);
  }

  get callId(): string {
    return text(this.ended?.call_id) || text(this.begun.call_id);
  }

  get isCall(): boolean {
    return (
      this.type === 'function_call' || this.type === 'custom_tool_call' || this.type === 'apply_patch_call'
    );
  }

  addPiece(field: PieceField, index: number, more: string): void {
    const pieces = this.#pieces[field];
    const piece = pieces.get(index);
    if (!piece) pieces.set(index, { text: more, isWhole: false });
    else if (!piece.isWhole) piece.text += more;
  }

  /** @returns what of it no piece had brought; '' where the pieces brought something else */
  setWhole(field: PieceField, index: number, whole: string): string {
    const before = this.#pieces[field].get(index)?.text ?? '';
    this.#pieces[field].set(index, { text: whole, isWhole: true });
    return whole.startsWith(before) ? whole.slice(before.length) : '';
  }

  /** Text of a message. */
  get said(): string {
    const { content } = this.ended ?? {};
    if (!Array.isArray(content)) return this.#joined('text', '');
    return content
      .map((part: { text?: unknown; refusal?: unknown } | null) => text(part?.text) || text(part?.refusal))
      .join('');
  }

  /** Reasoning that may be read: the summary, or else the thoughts themselves. */
  get thought(): string {
    const { summary, content } = this.ended ?? {};
    const read = (parts: unknown): string =>
      Array.isArray(parts)
        ? parts.map((part: { text?: unknown } | null) => text(part?.text)).join('\n\n')
        : '';
    return (
      read(summary) || read(content) || this.#joined('summary', '\n\n') || this.#joined('thought', '\n\n')
    );
  }

  get name(): string {
    if (this.type === 'apply_patch_call') return 'apply_patch';
    return text(this.ended?.name) || text(this.begun.name);
  }

  /**
   * What the tool is called with: a function's arguments, a custom tool's text as it is, of a patch the operation as JSON.
   * Undefined when it is not certain that all of it came.
   */
  get argumentText(): string | undefined {
    if (this.ended?.status === 'incomplete') return undefined;
    const { ended } = this;
    if (this.type === 'apply_patch_call') return this.#operation();
    const whole = this.type === 'custom_tool_call' ? ended?.input : ended?.arguments;
    if (typeof whole === 'string') return whole;
    if (typeof whole === 'object' && whole !== null) return JSON.stringify(whole);
    const piece = this.#pieces.arguments.get(0);
    if (piece?.isWhole) return piece.text;
    // Of free text nobody can tell whether it goes on.
    const isCertain = this.type === 'function_call' && piece !== undefined && piece.text !== '';
    return isCertain && isWholeJson(piece.text) ? piece.text : undefined;
  }

  #operation(): string | undefined {
    if (this.ended?.operation !== undefined) return JSON.stringify(this.ended.operation);
    const diff = this.#pieces.arguments.get(0);
    const { operation } = this.begun;
    if (!diff?.isWhole || typeof operation !== 'object' || operation === null) return undefined;
    return JSON.stringify({ ...operation, diff: diff.text });
  }

  #joined(field: PieceField, between: string): string {
    const pieces = [...this.#pieces[field]].sort(([a], [b]) => a - b);
    return pieces.map(([, piece]) => piece.text).join(between);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

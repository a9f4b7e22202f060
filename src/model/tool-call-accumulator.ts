import { ModelError } from '../errors.ts';
import type { ToolCall } from '../tools/tool.ts';
import { isWholeJson } from './cut-json.ts';
import { newCallId } from './new-call-id.ts';

/** A response may ask for this many calls at most; more is a runaway model. */
export const MAX_CALLS = 128;

/** One element of a delta's `tool_calls`, as providers really send it. */
export interface ToolCallPiece {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
}

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
  /** Its name came once more after its arguments were whole. */
  isNamedAgain: boolean;
}

/**
 * Puts tool calls together from their pieces. Pieces belong together by `index`; where it is missing, by their place
 * in the list. A new id at an index that is taken begins a new call (some servers number every call 0), and so does, without an
 * id, a name after whole arguments; an empty id or name says nothing; a name comes whole, in pieces, or whole
 * with each piece; arguments come as text in pieces, or once as an object.
 */
export class ToolCallAccumulator {
  readonly #calls: OpenCall[] = [];
  readonly #byIndex = new Map<number, OpenCall>();

  get size(): number {
    return this.#calls.length;
  }

  /** Characters of names and arguments so far. */
  get chars(): number {
    return this.#calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  }

  /** @throws {ModelError} `bad-response` for more than {@link MAX_CALLS} calls */
  add(piece: ToolCallPiece, position: number): void {
    const index = Number.isInteger(piece.index) ? (piece.index as number) : position;
    const id = typeof piece.id === 'string' ? piece.id : '';
    const { name: named, arguments: args } = piece.function ?? {};
    const name = typeof named === 'string' ? named : '';
    let call = this.#byIndex.get(index);
    const isOther = call && (id === '' ? isNextCall(call, name, args) : call.id !== '' && call.id !== id);
    if (!call || isOther) {
      if (this.#calls.length === MAX_CALLS) throw tooManyCalls();
      // Without a name it is another call of what was named again.
      const nameBefore = call && id === '' && name === '' ? call.name : '';
      call = { id: '', name: nameBefore, arguments: '', isNamedAgain: false };
      this.#calls.push(call);
      this.#byIndex.set(index, call);
    }
    if (id !== '') call.id = id;
    call.name = joinedName(call.name, name);
    if (typeof args === 'string') call.arguments += args;
    else if (typeof args === 'object' && args !== null) call.arguments = JSON.stringify(args);
  }

  /** The calls in the order in which they began, each with an id of its own, whatever the provider sent. */
  calls(): ToolCall[] {
    const ids = new Set<string>();
    return this.#calls.map((call) => {
      const id = call.id === '' || ids.has(call.id) ? newCallId() : call.id;
      ids.add(id);
      return { id, name: call.name, arguments: call.arguments.trim() === '' ? '{}' : call.arguments };
    });
  }
}

export function tooManyCalls(): ModelError {
  return new ModelError({
    kind: 'bad-response',
    message: `the model asked for more than ${MAX_CALLS} tool calls in one response`,
  });
}

/** A piece of the name, or the whole of it once more, or more of it than before: some servers send it with every piece. */
function joinedName(name: string, piece: string): string {
  return piece !== '' && piece.startsWith(name) ? piece : name + piece;
}

/**
 * Arguments are one JSON object: another name after its end is of another call. The same name may be sent once more for no
 * reason; if arguments follow it there is another call of it.
 */
function isNextCall(call: OpenCall, name: string, args: unknown): boolean {
  const before = call.arguments;
  if ((name === '' && !call.isNamedAgain) || !before.trimEnd().endsWith('}') || !isWholeJson(before))
    return false;
  const more = typeof args === 'string' ? args : JSON.stringify(args ?? '');
  if ((name !== '' && name !== call.name) || (more.trim() !== '' && more !== before)) return true;
  call.isNamedAgain = true;
  return false;
}

import { ModelError } from '../errors.ts';
import { asItem, ResponsesItem, type RawItem } from './responses-item.ts';

/** Room for every call that is taken, with a thought and a message before each; what has more never ends. */
const MAX_ITEMS = 512;

/** Names an item: by what has it. */
interface ItemReference {
  readonly item?: RawItem | null;
  readonly item_id?: unknown;
  readonly output_index?: unknown;
}

/**
 * The output items of one response. Events name theirs by id and by index; either may be missing, some servers change the id
 * with every event, and deltas may come before the item that they are of.
 */
export class ResponsesItems {
  readonly #items: ResponsesItem[] = [];

  /** @param isWhole  the event has the item itself: then another id at a known index is another item */
  find(event: ItemReference, isWhole: boolean): ResponsesItem {
    const id = string(event.item?.id) || string(event.item_id);
    const index = Number.isInteger(event.output_index) ? (event.output_index as number) : undefined;
    const placed =
      index === undefined ? this.#open(id) : this.#items.findLast((item) => item.outputIndex === index);
    const isOther = isWhole && placed !== undefined && differ(placed.callId, string(event.item?.call_id));
    const found = this.#named(id) ?? (isOther ? undefined : placed);
    const item = found ?? this.#add(new ResponsesItem(index ?? Infinity));
    item.names.add(id);
    return item;
  }

  /** Fills in what the response's last event has and the events before it did not bring to an end. */
  complete(output: readonly unknown[]): void {
    for (const [position, sent] of output.entries()) {
      const raw = asItem(sent);
      const item = this.#same(raw, position) ?? this.#add(new ResponsesItem(position));
      item.ended ??= raw;
    }
  }

  /** In the model's order, whatever the order of the events; those without an index come last, as they arrived. */
  inOrder(): readonly ResponsesItem[] {
    return this.#items.toSorted((a, b) => a.outputIndex - b.outputIndex);
  }

  /** There are some, and each has come to its end. */
  get areEnded(): boolean {
    return this.#items.length > 0 && this.#items.every(({ ended }) => ended !== undefined);
  }

  #add(item: ResponsesItem): ResponsesItem {
    if (this.#items.length === MAX_ITEMS) {
      throw new ModelError({
        kind: 'bad-response',
        message: `the response has more than ${MAX_ITEMS} output items`,
      });
    }
    this.#items.push(item);
    return item;
  }

  #named(id: string): ResponsesItem | undefined {
    return id === '' ? undefined : this.#items.find(({ names }) => names.has(id));
  }

  /** An event that names none is of the one that is open. */
  #open(id: string): ResponsesItem | undefined {
    return id === '' ? this.#items.findLast(({ ended }) => !ended) : undefined;
  }

  #same(raw: RawItem, position: number): ResponsesItem | undefined {
    const callId = string(raw.call_id);
    return (
      this.#named(string(raw.id)) ??
      this.#items.find((item) => callId !== '' && item.callId === callId) ??
      this.#items.find(
        (item, arrival) =>
          (item.outputIndex === Infinity ? arrival : item.outputIndex) === position &&
          item.type === raw.type &&
          !differ(item.callId, callId),
      )
    );
  }
}

function differ(a: string, b: string): boolean {
  return a !== '' && b !== '' && a !== b;
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

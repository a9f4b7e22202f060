/** Something that can be in one heap at a time. */
export interface HeapItem {
  /** Kept by the heap; -1 outside of it. */
  heapIndex: number;
}

/** A binary heap from which any item can be taken, in logarithmic time. */
export class Heap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#up(item, this.#items.length - 1);
  }

  /** Takes out an item that is in this heap. */
  remove(item: Item): void {
    const index = item.heapIndex;
    if (this.#items[index] !== item) throw new TypeError('the item is not in this heap');
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (!last || last === item) return;
    this.#up(last, index);
    this.#down(last, last.heapIndex);
  }

  #up(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = this.#items[(index - 1) >> 1];
      if (!parent || !this.#isBefore(item, parent)) break;
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    this.#place(item, index);
  }

  #down(item: Item, from: number): void {
    let index = from;
    for (;;) {
      const left = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      const child = left && right && this.#isBefore(right, left) ? right : left;
      if (!child || !this.#isBefore(child, item)) break;
      const next = child === right ? 2 * index + 2 : 2 * index + 1;
      this.#place(child, index);
      index = next;
    }
    this.#place(item, index);
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

import type { Priority } from '../model/model.ts';
import { Heap, type HeapItem } from './heap.ts';

/** Somebody who waits in a {@link FairQueue}. */
export interface Queued extends HeapItem {
  readonly sessionId: string;
  readonly priority: Priority;
  /** Given by the queue: who has the lowest goes first. */
  startTag: number;
  /** Given by the queue: the order of arrival, among those with one tag. */
  order: number;
}

/** How many places a class gets while all classes want them. */
const WEIGHTS: Readonly<Record<Priority, number>> = { interactive: 8, batch: 1 };

/**
 * Who goes next, so that nobody starves: between the classes by stride scheduling, inside a class by start-time fair
 * queuing over sessions (Goyal, Vin, Cheng 1996), so a session that asks for much waits behind its own requests and not in
 * front of those of others. Every operation is logarithmic at most.
 */
export class FairQueue<Item extends Queued> {
  readonly #classes: Readonly<Record<Priority, FairClass<Item>>> = {
    interactive: new FairClass(),
    batch: new FairClass(),
  };
  #arrivals = 0;
  /** The pass of the class that was served last. */
  #pass = 0;

  get size(): number {
    return this.#classes.interactive.size + this.#classes.batch.size;
  }

  add(item: Item): void {
    item.order = this.#arrivals += 1;
    const fair = this.#classes[item.priority];
    // What it was entitled to while it wanted nothing is gone.
    if (fair.size === 0) fair.pass = Math.max(fair.pass, this.#pass);
    fair.add(item);
  }

  /** Who goes next. */
  peek(): Item | undefined {
    const { interactive, batch } = this.#classes;
    if (batch.size === 0) return interactive.peek();
    if (interactive.size === 0) return batch.peek();
    return (interactive.pass <= batch.pass ? interactive : batch).peek();
  }

  /** It is served: its session and its class have had their turn. */
  take(item: Item): void {
    const fair = this.#classes[item.priority];
    this.#pass = fair.pass;
    fair.pass += 1 / WEIGHTS[item.priority];
    fair.take(item);
  }

  /** It leaves without having been served. */
  remove(item: Item): void {
    this.#classes[item.priority].remove(item);
  }

  /** It waits elsewhere for a while; its place is kept. */
  setAside(item: Item): void {
    this.#classes[item.priority].setAside(item);
  }

  /** One that was set aside takes the place that it had. */
  putBack(item: Item): void {
    this.#classes[item.priority].putBack(item);
  }

  /** It was served and nothing came of it: its session's next request takes its place. */
  refund(item: Item): void {
    this.#classes[item.priority].refund(item);
  }
}

/** More sessions than this are looked through for those that need not be remembered. */
const SWEEP_ABOVE = 1_024;

class FairClass<Item extends Queued> {
  pass = 0;
  readonly #heap = new Heap<Item>(
    (a, b) => a.startTag < b.startTag || (a.startTag === b.startTag && a.order < b.order),
  );
  /** Virtual time: the tag of the request that was served last. */
  #now = 0;
  /** Where each session's next request stands at the earliest. */
  readonly #next = new Map<string, number>();
  /** Places in the past that sessions may take with their next request. */
  readonly #owed = new Map<string, { readonly startTag: number; readonly order: number }>();
  #latest = 0;
  #sweepAbove = SWEEP_ABOVE;

  get size(): number {
    return this.#heap.size;
  }

  peek(): Item | undefined {
    return this.#heap.peek();
  }

  add(item: Item): void {
    const { sessionId } = item;
    const owed = this.#owed.get(sessionId);
    this.#owed.delete(sessionId);
    item.startTag = owed?.startTag ?? Math.max(this.#now, this.#next.get(sessionId) ?? 0);
    if (owed) item.order = owed.order;
    this.#next.set(sessionId, item.startTag + 1);
    this.#latest = Math.max(this.#latest, item.startTag + 1);
    this.#heap.push(item);
  }

  take(item: Item): void {
    this.#heap.remove(item);
    this.#now = Math.max(this.#now, item.startTag);
    if (this.#heap.size === 0) this.#reset();
    else if (this.#next.size + this.#owed.size > this.#sweepAbove) this.#sweep();
  }

  remove(item: Item): void {
    this.#heap.remove(item);
    this.refund(item);
  }

  setAside(item: Item): void {
    this.#heap.remove(item);
  }

  putBack(item: Item): void {
    this.#heap.push(item);
  }

  refund(item: Item): void {
    // Unless it has asked for more since.
    const { sessionId, startTag, order } = item;
    if ((this.#next.get(sessionId) ?? startTag + 1) === startTag + 1)
      this.#owed.set(sessionId, { startTag, order });
  }

  /** Nobody waits: everybody begins anew. */
  #reset(): void {
    this.#now = this.#latest;
    this.#next.clear();
    this.#owed.clear();
  }

  /** Forgets the sessions whose next request would stand at the present anyway. */
  #sweep(): void {
    for (const [sessionId, tag] of this.#next) if (tag <= this.#now) this.#next.delete(sessionId);
    this.#owed.clear();
    this.#sweepAbove = Math.max(SWEEP_ABOVE, 2 * this.#next.size);
  }
}

import { IdempotencyError, MailboxFullError, NotFoundError, SessionClosedError } from '../errors.ts';
import { isSameBody, type PromptBody, type QueuedPrompt } from '../journal/active-prompt.ts';
import type { Priority } from '../model/model.ts';
import { pastResult } from './past-prompt.ts';
import { PromptTicket, type PromptListener } from './prompt-ticket.ts';
import type { SessionContext } from './session-context.ts';

/** What a prompt is accepted with. */
export interface PromptDelivery {
  readonly body: PromptBody;
  readonly listener?: PromptListener | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly priority?: Priority | undefined;
}

/** A prompt that was taken in. */
export interface Accepted {
  readonly ticket: PromptTicket;
  /** It is not an earlier one with the same key. */
  readonly isNew: boolean;
}

/** Takes a session's prompts in, and knows who waits for which: one ticket for each that has not ended. */
export class Mailbox {
  readonly #session: SessionContext;
  readonly #maxQueuedPrompts: number;
  readonly #tickets = new Map<string, PromptTicket>();
  /** Prompts with a key that are being journalled. */
  #accepting: Map<string, { readonly body: PromptBody; readonly ticket: Promise<PromptTicket> }> | undefined;
  /** Entries of accepted prompts on their way into the journal; undefined while there are none. */
  #writes: Set<Promise<void>> | undefined;
  #lastPromptNumber: number;

  constructor(session: SessionContext, maxQueuedPrompts: number) {
    this.#session = session;
    this.#maxQueuedPrompts = maxQueuedPrompts;
    this.#lastPromptNumber = session.record.lastPromptNumber;
  }

  get isEmpty(): boolean {
    return this.#tickets.size === 0;
  }

  /** Of the prompts that have not ended, oldest first; those that are just being journalled are among them. */
  get tickets(): readonly PromptTicket[] {
    return [...this.#tickets.values()];
  }

  get(promptId: string): PromptTicket | undefined {
    return this.#tickets.get(promptId);
  }

  /** The prompt has ended. */
  delete(promptId: string): void {
    this.#tickets.delete(promptId);
  }

  /** The prompts will not be heard of any more, for the reason that their tickets are rejected with. */
  rejectAll(errorOf: (promptId: string) => unknown): void {
    for (const ticket of this.#tickets.values()) ticket.reject(errorOf(ticket.promptId));
    this.#tickets.clear();
  }

  /**
   * Takes a prompt in; it is journalled before the ticket is returned. With the key of an earlier prompt the ticket is
   * that one's, whether it has ended or not.
   * @throws {MailboxFullError} @throws {IdempotencyError}
   */
  async accept(prompt: PromptDelivery): Promise<Accepted> {
    const { idempotencyKey } = prompt;
    if (idempotencyKey === undefined) return { ticket: await this.#accept(prompt), isNew: true };
    const kept = this.#session.record.promptsByKey.get(idempotencyKey);
    const accepting = this.#accepting?.get(idempotencyKey);
    const known = kept ?? accepting?.body;
    if (known) {
      if (!isSameBody(known, prompt.body)) {
        throw new IdempotencyError({ sessionId: this.#session.record.spec.sessionId, idempotencyKey });
      }
      const ticket = kept ? this.ticketOf(kept.promptId) : await accepting!.ticket;
      if (prompt.listener) await this.#listen(ticket, prompt.listener);
      return { ticket, isNew: false };
    }
    const ticket = this.#accept(prompt);
    this.#accepting ??= new Map();
    this.#accepting.set(idempotencyKey, { body: prompt.body, ticket });
    try {
      return { ticket: await ticket, isNew: true };
    } finally {
      this.#accepting.delete(idempotencyKey);
    }
  }

  /** Resolves when no prompt is being journalled any more. */
  async settled(): Promise<void> {
    while (this.#writes) await Promise.allSettled(this.#writes);
  }

  /** Whether a prompt with this key is known. */
  knows(idempotencyKey: string): boolean {
    return (
      this.#session.record.promptsByKey.has(idempotencyKey) || this.#accepting?.has(idempotencyKey) === true
    );
  }

  /** The ticket of a prompt that the record has and nobody waits for. */
  adopt({ promptId, acceptedAt }: QueuedPrompt): PromptTicket {
    const { clock } = this.#session.ports;
    const agoMs = Math.max(0, clock.epochMs() - acceptedAt);
    const known = this.#tickets.get(promptId);
    if (known) return known;
    const ticket = this.#newTicket(promptId, clock.now() - agoMs);
    this.#follow(ticket, true)();
    return ticket;
  }

  /**
   * The ticket of a prompt in progress; of one that has ended, one that has too.
   * @throws {NotFoundError} @throws {SessionClosedError} when it has not ended, and nobody goes on with it
   */
  ticketOf(promptId: string): PromptTicket {
    const ticket = this.#tickets.get(promptId);
    if (ticket) return ticket;
    const { record, images } = this.#session;
    const { journal, clock } = this.#session.ports;
    const { sessionId } = record.spec;
    if ([record.active, ...record.queue].some((prompt) => prompt?.promptId === promptId)) {
      throw new SessionClosedError({ sessionId });
    }
    const result = pastResult(journal.read(sessionId), promptId, images);
    if (!result) throw new NotFoundError('unknown_prompt', `Session ${sessionId} has no prompt ${promptId}.`);
    const past = new PromptTicket(promptId, clock.now(), undefined);
    past.resolve(result);
    return past;
  }

  async #accept({ body, listener, idempotencyKey, priority }: PromptDelivery): Promise<PromptTicket> {
    const { sessionId } = this.#session.record.spec;
    // Tickets, not the record's queue: a prompt that is just being journalled takes a place too.
    if (this.#tickets.size > this.#maxQueuedPrompts) {
      throw new MailboxFullError({ sessionId, maxPrompts: this.#maxQueuedPrompts });
    }
    const promptId = `${sessionId}/${(this.#lastPromptNumber += 1)}`;
    const { clock } = this.#session.ports;
    const ticket = this.#newTicket(promptId, clock.now(), listener);
    const announce = this.#follow(ticket, false);
    const write = this.#session.write({
      type: 'prompt-accepted',
      promptId,
      ...body,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(priority === undefined ? {} : { priority }),
      at: clock.epochMs(),
    });
    const writes = (this.#writes ??= new Set());
    writes.add(write);
    try {
      await write;
      announce();
    } catch (error) {
      this.#tickets.delete(promptId);
      ticket.reject(error);
      throw error;
    } finally {
      writes.delete(write);
      if (writes.size === 0) this.#writes = undefined;
    }
    return ticket;
  }

  #newTicket(promptId: string, acceptedAt: number, listener?: PromptListener): PromptTicket {
    const ticket = new PromptTicket(promptId, acceptedAt, listener);
    // It may be rejected before the caller has it.
    ticket.result.catch(() => undefined);
    this.#tickets.set(promptId, ticket);
    return ticket;
  }

  #follow(ticket: PromptTicket, resumed: boolean): () => void {
    const { record, ports } = this.#session;
    const { sessionId, model } = record.spec;
    return ports.observer.follow({ sessionId, ticket, model, ahead: this.#tickets.size - 1, resumed });
  }

  /** Somebody else hears of the prompt from now on; of one that has ended, that it has. */
  async #listen(ticket: PromptTicket, listener: PromptListener): Promise<void> {
    if (this.#tickets.has(ticket.promptId)) ticket.addListener(listener);
    else listener({ type: 'prompt-ended', result: await ticket.result }, ticket.promptId);
  }
}

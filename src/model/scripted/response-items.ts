import { encryptedReasoning } from './encrypted-reasoning.ts';
import type { Reply, ReplyCall } from './reply.ts';
import type { Included } from './request-body.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Numbers the events of one stream. */
export class EventWriter {
  #next = 0;

  write(type: string, fields: Fields): string {
    return this.writeRaw(type, JSON.stringify(fields).slice(1, -1));
  }

  /** @param fields  the inside of a JSON object */
  writeRaw(type: string, fields: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#next++},${fields}}\n\n`;
  }
}

/** One output item: what the stream says of it, and what it is when it is whole. */
export interface OutputItem {
  readonly whole: Fields;
  /** One a piece; the first with what opens the item, the last with what closes it. */
  deltas(events: EventWriter, index: number): string[];
}

/** What a response says, in this order: reasoning, text, calls. */
export function itemsOf(reply: Reply, included: Included): OutputItem[] {
  const items: OutputItem[] = [];
  if (reply.reasoning.text !== '') items.push(reasoningItem(reply, included));
  // A response says something: the text that it does not have is an empty message, unless it calls tools.
  if (reply.text.text !== '' || reply.calls.length === 0) items.push(messageItem(reply));
  return [...items, ...reply.calls.map((call) => callItem(call))];
}

function reasoningItem({ id: replyId, reasoning }: Reply, included: Included): OutputItem {
  const id = `rs_${replyId}`;
  const summary = [{ type: 'summary_text', text: reasoning.text }];
  const encrypted = (text: string): Fields =>
    included.encryptedReasoning ? { encrypted_content: encryptedReasoning(id, text) } : {};
  const whole = { id, type: 'reasoning', summary, ...encrypted(reasoning.text) };
  return {
    whole,
    deltas(events, index) {
      const at = { item_id: id, output_index: index, summary_index: 0 };
      const part = { type: 'summary_text', text: '' };
      const start =
        added(events, index, { ...whole, summary: [], ...encrypted('') }) +
        events.write('response.reasoning_summary_part.added', { ...at, part });
      return framed(
        start,
        reasoning.pieces,
        pieceWriter(events, 'response.reasoning_summary_text.delta', at),
        () =>
          events.write('response.reasoning_summary_text.done', { ...at, text: reasoning.text }) +
          events.write('response.reasoning_summary_part.done', { ...at, part: summary[0] }) +
          done(events, index, whole),
      );
    },
  };
}

interface MessageItem extends OutputItem {
  /** The events before its first piece. */
  open(events: EventWriter, index: number): string;
  /** Where its text belongs. */
  part(index: number): Fields;
}

export function messageItem({ id: replyId, text }: Reply): MessageItem {
  const id = `msg_${replyId}`;
  const textPart = (content: string): Fields => ({
    type: 'output_text',
    text: content,
    annotations: [],
    logprobs: [],
  });
  const whole = {
    id,
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [textPart(text.text)],
  };
  const part = (index: number): Fields => ({ item_id: id, output_index: index, content_index: 0 });
  const open = (events: EventWriter, index: number): string =>
    added(events, index, { ...whole, status: 'in_progress', content: [] }) +
    events.write('response.content_part.added', { ...part(index), part: textPart('') });
  return {
    whole,
    open,
    part,
    deltas(events, index) {
      const at = part(index);
      return framed(
        open(events, index),
        text.pieces,
        pieceWriter(events, 'response.output_text.delta', at),
        () =>
          events.write('response.output_text.done', { ...at, text: text.text, logprobs: [] }) +
          events.write('response.content_part.done', { ...at, part: textPart(text.text) }) +
          done(events, index, whole),
      );
    },
  };
}

function callItem(call: ReplyCall): OutputItem {
  const id = call.id.replace('call_', 'fc_');
  const { name, arguments: text } = call;
  const whole = { id, type: 'function_call', status: 'completed', arguments: text, call_id: call.id, name };
  return {
    whole,
    deltas(events, index) {
      const at = { item_id: id, output_index: index };
      const half = text.length >> 1;
      const pieces = [text.slice(0, half), text.slice(half)].map((piece) => JSON.stringify(piece));
      const start = added(events, index, { ...whole, status: 'in_progress', arguments: '' });
      return framed(
        start,
        pieces,
        pieceWriter(events, 'response.function_call_arguments.delta', at),
        () =>
          events.write('response.function_call_arguments.done', { ...at, name, arguments: text }) +
          done(events, index, whole),
      );
    },
  };
}

function added(events: EventWriter, index: number, item: Fields): string {
  return events.write('response.output_item.added', { output_index: index, item });
}

function done(events: EventWriter, index: number, item: Fields): string {
  return events.write('response.output_item.done', { output_index: index, item });
}

function pieceWriter(events: EventWriter, type: string, at: Fields): (piece: string) => string {
  const start = JSON.stringify(at).slice(1, -1);
  return (piece) => events.writeRaw(type, `${start},"delta":${piece}`);
}

/** What opens an item comes with its first piece, what closes it with its last. Written in the order of the events, which are numbered. */
function framed(
  start: string,
  pieces: readonly string[],
  write: (piece: string) => string,
  close: () => string,
): string[] {
  if (pieces.length === 0) return [start + close()];
  const frames = pieces.map(write);
  frames[0] = start + frames[0]!;
  frames.push(frames.pop()! + close());
  return frames;
}

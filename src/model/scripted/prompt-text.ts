import type { Message } from './conversation.ts';

/** A piece of a prompt that can be marked as the end of what is to be cached. */
export interface PromptSegment {
  readonly text: string;
  /** Whether it carries `cache_control`, which is no part of its text. */
  readonly marked: boolean;
}

/**
 * A request as a model sees it: tools, then messages. A text by itself is the same as a list of one part, so that a mark
 * can move on from message to message without changing what is before it.
 */
export function markedPrompt(tools: unknown, messages: readonly Message[]): PromptSegment[] {
  const segments = Array.isArray(tools) ? tools.map(segment) : [];
  for (const { content, ...rest } of messages) {
    segments.push(segment(rest));
    const parts = Array.isArray(content) ? (content as unknown[]) : [{ type: 'text', text: content }];
    segments.push(...parts.map(segment));
  }
  return segments;
}

function segment(value: unknown): PromptSegment {
  let marked = false;
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (key !== 'cache_control' || !inner) return inner;
    marked = true;
    return undefined;
  });
  return { text, marked };
}

import { draw, type ScriptedDraw } from './draw.ts';
import type { Reply } from './reply.ts';

/** What a stream sends at one moment. */
export interface Frame {
  /** Milliseconds after the request. */
  readonly atMs: number;
  readonly data: string;
}

/**
 * A stream cut at its waits; one frame when there is none. Only deltas wait: what opens the stream comes with the first
 * of them, and the end with the last.
 * @param deltas  the opening first
 */
export function timedFrames(deltas: readonly string[], end: string, reply: Reply): Frame[] {
  const { firstMs, betweenMs, tokenMs } = reply.delay;
  let atMs = varied(firstMs, reply);
  if (betweenMs === 0 && tokenMs === 0) return [{ atMs, data: deltas.join('') + end }];
  // Of an answer, every delta has as many tokens as any other.
  const tokens = reply.outputTokens / Math.max(1, deltas.length - 1);
  const frames = deltas.map((data, i) => {
    if (i > 1) atMs += varied(betweenMs, reply) + tokens * varied(tokenMs, reply);
    return { atMs, data };
  });
  frames.push({ atMs, data: end });
  return frames;
}

/** One body, after all the waits that the stream of so many deltas would have had. */
export function wholeFrame(
  data: string,
  deltaCount: number,
  { delay, random, outputTokens }: Reply,
): Frame[] {
  const betweenMs = draw(delay.betweenMs, random) * Math.max(0, deltaCount - 1);
  const atMs = draw(delay.firstMs, random) + betweenMs + draw(delay.tokenMs, random) * outputTokens;
  return [{ atMs, data }];
}

function varied(figure: ScriptedDraw, { delay, random }: Reply): number {
  const delayMs = draw(figure, random);
  return delay.jitter === 0 ? delayMs : delayMs * (1 + delay.jitter * (2 * random() - 1));
}

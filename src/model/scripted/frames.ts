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
  const { firstMs, betweenMs } = reply.delay;
  let atMs = varied(firstMs, reply);
  if (betweenMs === 0) return [{ atMs, data: deltas.join('') + end }];
  const frames = deltas.map((data, i) => {
    if (i > 1) atMs += varied(betweenMs, reply);
    return { atMs, data };
  });
  frames.push({ atMs, data: end });
  return frames;
}

/** One body, after all the waits that the stream of so many deltas would have had. */
export function wholeFrame(data: string, deltaCount: number, { delay }: Reply): Frame[] {
  return [{ atMs: delay.firstMs + delay.betweenMs * Math.max(0, deltaCount - 1), data }];
}

function varied(delayMs: number, { delay, random }: Reply): number {
  return delay.jitter === 0 ? delayMs : delayMs * (1 + delay.jitter * (2 * random() - 1));
}

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Mood } from './plan.ts';

/**
 * What was seen from outside, in order; times in milliseconds since the run began. `op` is one sending of a prompt: it ends
 * with `ok`, `fail` (certainly not accepted, or certainly ended with this) or `unknown`.
 */
export type HistoryLine = { readonly t: number } & (
  | { readonly type: 'run'; readonly seed: number; readonly sessions: number; readonly targets: number }
  | {
      readonly type: 'invoke';
      readonly op: number;
      readonly session: string;
      readonly text: string;
      readonly mood: Mood;
      readonly key: string;
      /** The session is never given a fault. */
      readonly other: boolean;
      /** Sent beside another with the same key. */
      readonly again: boolean;
    }
  | {
      readonly type: 'event';
      readonly op: number;
      readonly promptId: string;
      readonly seq: number;
      readonly event: string;
      readonly turn?: number;
      readonly callId?: string;
      readonly content?: string;
    }
  | {
      readonly type: 'ok';
      readonly op: number;
      readonly promptId: string;
      readonly stopReason: string;
      /** Hash of the files in the result. */
      readonly tree: string;
    }
  | { readonly type: 'fail'; readonly op: number; readonly code: string }
  | { readonly type: 'unknown'; readonly op: number }
  | { readonly type: 'mood'; readonly mood: Mood | 'between' }
  | { readonly type: 'fault'; readonly fault: string; readonly session?: string }
  /** The pool noticed that a session's thread was lost, or had its step's outcome again. */
  | { readonly type: 'lost'; readonly session: string; readonly reason: string }
  | { readonly type: 'again'; readonly session: string }
  | { readonly type: 'figure'; readonly name: string; readonly value: number }
);

/** A line without its time. */
export type HistoryEntry = HistoryLine extends infer Line
  ? Line extends HistoryLine
    ? Omit<Line, 't'>
    : never
  : never;

/** Writes a history as it happens, one JSON object a line. */
export class HistoryWriter {
  readonly #fd: number;
  readonly #startedAt = performance.now();
  #lines: string[] = [];

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  get now(): number {
    return performance.now() - this.#startedAt;
  }

  add(entry: HistoryEntry): void {
    this.#lines.push(JSON.stringify({ t: Math.round(this.now * 100) / 100, ...entry }));
    if (this.#lines.length >= 200) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    writeSync(this.#fd, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

export function readHistory(path: string): HistoryLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryLine);
}

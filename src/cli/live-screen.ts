import { createLogUpdate } from 'log-update';
import type { Terminal } from './terminal.ts';

const REDRAW_MS = 80;

/** What a view needs to know of the screen. */
export interface Frame {
  readonly columns: number;
  /** Counts drawings, for what moves. */
  readonly frame: number;
  readonly elapsedMs: number;
  readonly interrupted: boolean;
}

/** Redraws a view on stderr where the screen can be redrawn; else it says nothing but remarks. */
export class LiveScreen implements Disposable {
  readonly #terminal: Terminal;
  readonly #view: (frame: Frame) => string | undefined;
  readonly #startedMs = performance.now();
  readonly #draw: ReturnType<typeof createLogUpdate> | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #interrupted = false;

  /** @param view  undefined as long as there is nothing to show */
  constructor(terminal: Terminal, view: (frame: Frame) => string | undefined) {
    this.#terminal = terminal;
    this.#view = view;
    if (!terminal.live) return;
    this.#draw = createLogUpdate(process.stderr);
    this.#timer = setInterval(() => this.redraw(), REDRAW_MS);
    this.#timer.unref();
  }

  redraw(): void {
    if (!this.#draw) return;
    const text = this.#view({
      columns: this.#terminal.columns,
      frame: (this.#frame += 1),
      elapsedMs: performance.now() - this.#startedMs,
      interrupted: this.#interrupted,
    });
    if (text !== undefined) this.#draw(text);
  }

  interrupt(): void {
    this.#interrupted = true;
    if (this.#draw) this.redraw();
    else process.stderr.write('skein: ending; Ctrl-C again exits at once\n');
  }

  /** A line that stays, above what is redrawn. It must be printable. */
  remark(line: string): void {
    this.#draw?.clear();
    process.stderr.write(`${line}\n`);
    this.redraw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
    this.#draw?.done();
  }
}

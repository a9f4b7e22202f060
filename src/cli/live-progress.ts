import { createLogUpdate } from 'log-update';
import type { BatchEvent } from '../batch/run-batch.ts';
import { formatCount } from '../batch/format.ts';
import { advance, newProgress } from './progress-state.ts';
import { viewProgress } from './progress-view.ts';
import type { Terminal } from './terminal.ts';

const REDRAW_MS = 80;

/** Shows on stderr how a batch goes: redrawn where the screen can, a line now and then on a dumb one, else nothing. */
export class LiveProgress implements Disposable {
  readonly #name: string;
  readonly #terminal: Terminal;
  readonly #state = newProgress();
  readonly #startedMs = performance.now();
  readonly #draw: ReturnType<typeof createLogUpdate> | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Simulated time for real time; null where nothing is simulated. */
  #speed: number | null = null;
  #frame = 0;
  #interrupted = false;
  /** Tenths of the batch that a dumb terminal has been told of. */
  #tenths = 0;

  constructor(name: string, terminal: Terminal) {
    this.#name = name;
    this.#terminal = terminal;
    if (!terminal.live) return;
    this.#draw = createLogUpdate(process.stderr);
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS);
    this.#timer.unref();
  }

  update(event: BatchEvent): void {
    advance(this.#state, event);
    if (event.type === 'item-ended' && this.#terminal.watched && !this.#draw) this.#tellTenths();
  }

  /** What is shown is a simulation. @param speed  simulated time for real time */
  simulateAt(speed: number): void {
    this.#speed = speed;
  }

  interrupt(): void {
    this.#interrupted = true;
    if (this.#draw) this.#redraw();
    else process.stderr.write('skein: ending; Ctrl-C again exits at once\n');
  }

  /** A line that stays, above what is redrawn. It must be printable. */
  remark(line: string): void {
    this.#draw?.clear();
    process.stderr.write(`${line}\n`);
    this.#redraw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
    this.#draw?.done();
  }

  #redraw(): void {
    if (!this.#draw || this.#state.items === 0) return;
    this.#frame += 1;
    this.#draw(
      viewProgress(this.#name, this.#state, {
        columns: this.#terminal.columns,
        elapsedMs: (performance.now() - this.#startedMs) * (this.#speed ?? 1),
        simulated: this.#speed !== null,
        frame: this.#frame,
        colors: this.#terminal.err,
        interrupted: this.#interrupted,
      }),
    );
  }

  #tellTenths(): void {
    const { items, done, failed } = this.#state;
    const tenths = Math.floor((10 * (done + failed)) / items);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    process.stderr.write(
      `${this.#name}: ${formatCount(done + failed)} of ${formatCount(items)}, ${failed} failed\n`,
    );
  }
}

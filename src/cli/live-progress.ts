import type { BatchEvent } from '../batch/run-batch.ts';
import { formatCount } from '../batch/format.ts';
import { LiveScreen } from './live-screen.ts';
import { advance, newProgress } from './progress-state.ts';
import { viewProgress } from './progress-view.ts';
import type { Terminal } from './terminal.ts';

/** Shows on stderr how a batch goes: redrawn where the screen can, a line now and then on a dumb one, else nothing. */
export class LiveProgress implements Disposable {
  readonly #name: string;
  readonly #terminal: Terminal;
  readonly #state = newProgress();
  readonly #screen: LiveScreen;
  /** Simulated time for real time; null where nothing is simulated. */
  #speed: number | null = null;
  /** Tenths of the batch that a dumb terminal has been told of. */
  #tenths = 0;

  constructor(name: string, terminal: Terminal) {
    this.#name = name;
    this.#terminal = terminal;
    this.#screen = new LiveScreen(terminal, (frame) =>
      this.#state.items === 0
        ? undefined
        : viewProgress(name, this.#state, {
            ...frame,
            elapsedMs: frame.elapsedMs * (this.#speed ?? 1),
            simulated: this.#speed !== null,
            colors: terminal.err,
          }),
    );
  }

  update(event: BatchEvent): void {
    advance(this.#state, event);
    if (event.type === 'item-ended' && this.#terminal.watched && !this.#terminal.live) this.#tellTenths();
  }

  /** What is shown is a simulation. @param speed  simulated time for real time */
  simulateAt(speed: number): void {
    this.#speed = speed;
  }

  interrupt(): void {
    this.#screen.interrupt();
  }

  /** A line that stays, above what is redrawn. It must be printable. */
  remark(line: string): void {
    this.#screen.remark(line);
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]();
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

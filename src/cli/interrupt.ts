import { EXIT, type ExitCode } from './exit-code.ts';

/** Ctrl-C and SIGTERM: the first ends the work gracefully, the second ends the program at once. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #code: ExitCode | undefined;

  /** @param onFirst  tells the person what is going on */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to exit with; undefined as long as nobody interrupted. */
  get exitCode(): ExitCode | undefined {
    return this.#code;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (this.#code !== undefined) process.exit(code);
    this.#code = code;
    this.#onFirst();
    this.#controller.abort();
  };
}

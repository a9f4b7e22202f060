import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RecordingError } from '../../errors.ts';
import type { Redactor } from '../../redactor.ts';
import type { ResolvedProvider } from '../model.ts';
import { RECORDING_VERSION } from './exchange.ts';
import {
  PART_FILE,
  partNames,
  readHead,
  RECORDING_FILE,
  type ProviderSettings,
  type RecordingHead,
  type RecordingPart,
} from './recording-files.ts';
import { TapeCount, type RecordingTape } from './tape.ts';
import { writeWhole } from './write-whole.ts';

/** What makes a directory a recording. */
const FIRST_FILES = [RECORDING_FILE, '.gitignore'];

/** Where every exchange with a provider is kept. */
export interface RecordOptions {
  /** Made where it is not there; else it must be empty, or a recording of the same run. */
  readonly directory: string;
  /** Whoever gives the same name goes on with the recording. Default: a new one, so that none is ever added to. */
  readonly run?: string;
}

/**
 * What one pool records: a part of the recording, a directory of its own. The model threads write the exchanges; this is
 * their head, and what counts them.
 */
export class Recording {
  readonly tape: RecordingTape;
  readonly #directory: string;
  /** It was not there before. */
  readonly #isOwn: boolean;
  readonly #redactor: Redactor;
  #part: RecordingPart;
  #isWarned = false;

  /**
   * Takes a directory for a recording, or begins a new part of one.
   * @throws {RecordingError} `recording_exists`, `recording_unwritable`; `recording_damaged`, `recording_newer` of the one that is there
   */
  static open(options: RecordOptions, redactor: Redactor): Recording {
    const directory = resolve(options.directory);
    const run = options.run ?? randomUUID();
    const isOwn = !existsSync(directory);
    writing(directory, () => makeDirectory(directory));
    const there = readHead(directory) ?? begin(directory, run);
    if (there.run !== run) {
      throw new RecordingError('recording_exists', {
        directory,
        problem: 'it is the recording of another run; name a new directory, so that the two do not mix',
      });
    }
    return new Recording({ directory, isOwn, part: beginPart(directory) }, redactor);
  }

  private constructor(
    {
      directory,
      isOwn,
      part,
    }: { readonly directory: string; readonly isOwn: boolean; readonly part: string },
    redactor: Redactor,
  ) {
    this.#directory = directory;
    this.#isOwn = isOwn;
    this.#redactor = redactor;
    const counts = new SharedArrayBuffer(4 * Object.keys(TapeCount).length);
    this.tape = { mode: 'record', directory: join(directory, part), counts };
    this.#part = { startedAt: new Date().toISOString(), models: [], providers: {}, end: null };
    writing(directory, () => this.#write());
  }

  /** A session has named a model. */
  admit(model: string, provider: ResolvedProvider): void {
    const { models, providers } = this.#part;
    if (models.includes(model)) return;
    const { name: _name, apiKey: _key, headers: _headers, tape: _tape, ...settings } = provider;
    const clean = JSON.parse(
      this.#redactor.redact(JSON.stringify({ ...settings, baseURL: withoutLogin(settings.baseURL) })),
    ) as ProviderSettings;
    this.#part = {
      ...this.#part,
      models: [...models, model],
      providers: { ...providers, [provider.name]: clean },
    };
    this.#try(() => this.#write());
  }

  /** An exchange was not kept. The recording goes on, and is known to have a gap. */
  lose(reason: string): void {
    if (this.#isWarned) return;
    this.#isWarned = true;
    process.emitWarning(
      this.#redactor.redactMessage(
        `The recording in ${this.#directory} is incomplete: an exchange could not be written (${reason}).`,
      ),
      { type: 'SkeinRecordingWarning', code: 'recording_incomplete' },
    );
  }

  /** Nothing more is written by any thread. A recording of nothing is taken away again. */
  seal(): void {
    const counts = new Int32Array(this.tape.counts);
    const begun = Atomics.load(counts, TapeCount.begun);
    const exchanges = Atomics.load(counts, TapeCount.written);
    this.#part = { ...this.#part, end: { exchanges, missing: begun - exchanges } };
    this.#try(() => (begun === 0 ? this.#discard() : this.#write()));
  }

  #discard(): void {
    rmSync(this.tape.directory, { recursive: true, force: true });
    if (partNames(this.#directory).length > 0) return;
    for (const file of FIRST_FILES) rmSync(join(this.#directory, file), { force: true });
    if (this.#isOwn && readdirSync(this.#directory).length === 0) rmdirSync(this.#directory);
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
    }
  }

  #write(): void {
    writeWhole(join(this.tape.directory, PART_FILE), `${JSON.stringify(this.#part, null, 2)}\n`);
  }
}

/** One directory after the other: Node's own recursive `mkdir` never returns from a place like `/proc`. */
function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let at = directory; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const path of missing) mkdirSync(path);
}

/** Makes an empty directory a recording. */
function begin(directory: string, run: string): RecordingHead {
  return writing(directory, () => {
    if (readdirSync(directory).length > 0) {
      throw new RecordingError('recording_exists', {
        directory,
        problem: 'it is not empty and is no recording; name another directory',
      });
    }
    const head: RecordingHead = { format: 'skein-recording', version: RECORDING_VERSION, run };
    // Whoever makes this file has the directory.
    writeFileSync(join(directory, RECORDING_FILE), `${JSON.stringify(head, null, 2)}\n`, { flag: 'wx' });
    // What was sent to a model is no source of the next batch, and nothing to commit by chance.
    writeFileSync(join(directory, '.gitignore'), '*\n');
    return head;
  });
}

/** A directory that no other process writes to. */
function beginPart(directory: string): string {
  return writing(directory, () => {
    for (let number = partNames(directory).length + 1; ; number += 1) {
      const name = `part-${number}`;
      try {
        mkdirSync(join(directory, name));
        return name;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  });
}

function writing<Value>(directory: string, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof RecordingError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RecordingError('recording_unwritable', {
      directory,
      problem: `nothing can be written there (${why})`,
      cause,
    });
  }
}

function withoutLogin(baseURL: string): string {
  return baseURL.replace(/\/\/[^/@]*@/, '//');
}

/** Where a provider's exchanges are kept, or come from. Crosses to the model threads with the provider. */
export type Tape = RecordingTape | ReplayTape;

/** The exchanges go over the network, and are kept. */
export interface RecordingTape {
  readonly mode: 'record';
  /** Of the part of the recording that this pool writes; absolute. */
  readonly directory: string;
  /** {@link TapeCount}s, shared by all threads: exchanges have one order, whichever thread sends them. */
  readonly counts: SharedArrayBuffer;
}

/** Places in {@link RecordingTape.counts}. */
export const TapeCount = { begun: 0, written: 1, lost: 2 } as const;

/** The exchanges come from a recording, and nothing goes over the network. */
export interface ReplayTape {
  readonly mode: 'replay';
  /** Of the recording; absolute. */
  readonly directory: string;
  /** Its exchanges' files, relative to the directory, in the order in which they were sent. */
  readonly files: readonly string[];
  /** One 32-bit word a file, shared by all threads: 1 once it has been played. */
  readonly played: SharedArrayBuffer;
  /** Only this provider's exchanges are meant. */
  readonly provider: string;
  /** Answers take as long as the provider took; else nobody waits for anything. */
  readonly hasTiming: boolean;
  readonly isComplete: boolean;
}

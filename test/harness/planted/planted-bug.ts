/** A known-bad change to the product, and the harness that has to notice it. */
export interface PlantedBug {
  readonly name: string;
  /** Under the project's root. */
  readonly file: string;
  /** Occurs in the file exactly once; what stands there instead in the broken product. */
  readonly find: string;
  readonly replace: string;
  readonly harness: Harness;
  /** Flags of a run that is short and sees the bug. */
  readonly flags: string;
}

export type Harness = 'sim' | 'fuzz' | 'chaos' | 'kill9' | 'soak';

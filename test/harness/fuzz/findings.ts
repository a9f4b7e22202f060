/** What a fuzzer may find, by the figure that it counts in. */
export interface Finding {
  readonly kind: string;
  /** Enough to come back to it: with the same seed the same place does the same. */
  readonly place: string;
  readonly detail: string;
}

/** More than this of one run say nothing new. */
const MAX_FINDINGS = 20;

/** The finds of one part of a run. */
export class Findings {
  readonly list: Finding[] = [];

  add(kind: string, place: string, detail: string): void {
    this.list.push({ kind, place, detail: detail.length > 1_500 ? `${detail.slice(0, 1_500)}…` : detail });
  }

  /** Enough was found: the run may stop. */
  get isFull(): boolean {
    return this.list.length >= MAX_FINDINGS;
  }

  count(kind: string): number {
    return this.list.filter((finding) => finding.kind === kind).length;
  }

  /** One paragraph a find. */
  describe(): string {
    return this.list.map(({ kind, place, detail }) => `${kind} at ${place}:\n  ${detail}`).join('\n');
  }
}

/** What must not be, by kind; the kinds are what a harness's figures count. */
export class Violations {
  readonly list: { readonly kind: string; readonly place: string; readonly detail: string }[] = [];

  add(kind: string, place: string, detail: string): void {
    this.list.push({ kind, place, detail: detail.length > 600 ? `${detail.slice(0, 600)}…` : detail });
  }

  count(...kinds: readonly string[]): number {
    return this.list.filter(({ kind }) => kinds.includes(kind)).length;
  }

  /** One line each; the first of many. */
  describe(most = 30): string {
    const lines = this.list.slice(0, most).map(({ kind, place, detail }) => `${kind} at ${place}: ${detail}`);
    if (this.list.length > most) lines.push(`… and ${this.list.length - most} more`);
    return lines.join('\n');
  }
}

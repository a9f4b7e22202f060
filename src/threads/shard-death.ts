/** The end of what a process wrote on stderr, for the one line that says why it died. */
export class StderrTail {
  static readonly #MAX_CHARS = 4_096;
  #text = '';

  take(chunk: Buffer): void {
    this.#text = (this.#text + chunk.toString('latin1')).slice(-StderrTail.#MAX_CHARS);
  }

  /** V8's last words, or Node's, without what names files of this machine. */
  get fatalError(): string | undefined {
    const [line] =
      /^.*(?:FATAL ERROR:|Fatal JavaScript|Check failed:).*$/m.exec(this.#text) ??
      /^\w*Error\b.*$/m.exec(this.#text) ??
      [];
    return line
      ?.replace(/^#\s*/, '')
      .replace(/(?:file:\/\/)?\/[^\s'"]*/g, '…')
      .trim()
      .slice(0, 200);
  }
}

/** Says how a process came to its end, for a person. */
export function describeDeath(
  code: number | null,
  signal: NodeJS.Signals | null,
  fatalError: string | undefined,
): string {
  if (fatalError === undefined)
    return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
  const outOfMemory = /out of memory|invalid (?:table |array )?(?:size|length)/i.test(fatalError);
  return `${outOfMemory ? 'it ran out of memory' : 'it was aborted'} (${fatalError})`;
}

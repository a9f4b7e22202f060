import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes. stdout holds results only; progress and remarks go to stderr. */
export interface Terminal {
  /** Machine-readable: NDJSON on stdout. Asked for, or stdout is no terminal. */
  readonly json: boolean;
  /** stderr can be redrawn, and nothing else is written to the same screen meanwhile. */
  readonly live: boolean;
  /** stderr is a person's screen, whether or not it can be redrawn. */
  readonly watched: boolean;
  readonly out: Colors;
  readonly err: Colors;
  readonly columns: number;
}

export function describeTerminal(options: { readonly json?: boolean | undefined }): Terminal {
  const { stdout, stderr, env } = process;
  const json = options.json ?? !stdout.isTTY;
  const isDumb = env['TERM'] === 'dumb';
  const watched = Boolean(stderr.isTTY) && !env['CI'] && !(json && stdout.isTTY);
  return {
    json,
    live: watched && !isDumb,
    watched,
    out: pc.createColors(wantsColor(stdout)),
    err: pc.createColors(wantsColor(stderr)),
    get columns() {
      return (stderr.isTTY && stderr.columns) || (stdout.isTTY && stdout.columns) || 80;
    },
  };
}

/** As no-color.org and Node have it: NO_COLOR wins, FORCE_COLOR is next, then whether it is a terminal that can. */
function wantsColor(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  // A pipe has no `isTTY` at all, and `undefined` would leave the choice to picocolors, which colours for CI.
  return Boolean(stream.isTTY) && TERM !== 'dumb';
}

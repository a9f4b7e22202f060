/**
 * Lets a command go on when nobody reads what it prints any more (`skein batch … | head -1`), or when it cannot be
 * written (a full disk): the work was paid for and its results go to files.
 * @returns whether something other than a closed pipe went wrong
 */
export function tolerateBrokenOutput(): () => boolean {
  let hasFailed = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') hasFailed = true;
      // What would be written from here on goes nowhere, without an error each.
      stream.write = () => true;
    });
  }
  return () => hasFailed;
}

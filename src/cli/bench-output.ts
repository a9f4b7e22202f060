import { access, rename, rmdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { reportHtml } from '../bench/report/report-html.ts';
import type { BenchResult } from '../bench/result.ts';
import { writing } from '../batch/empty-directory.ts';
import { makeDirectory } from '../batch/make-directory.ts';
import { OutputError } from '../errors.ts';
import { defaultOutput } from './default-output.ts';
import { redactor } from './secrets.ts';

const RESULT = 'result.json';
const REPORT = 'report.html';

/** Where a benchmark's result goes. */
export class BenchOutput {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Makes the directory, before anything is paid for.
   * @throws {OutputError} `output_exists` when there is a result already, unless `force`; `output_unwritable`
   */
  static async create(
    name: string,
    { out, force }: { readonly out?: string | undefined; readonly force?: boolean | undefined },
  ): Promise<BenchOutput> {
    const directory = out === undefined ? await defaultOutput(`bench-${name}`) : resolve(out);
    await writing(directory, () => makeDirectory(directory));
    if (!force && (await isThere(join(directory, RESULT))))
      throw new OutputError(
        'output_exists',
        `There is a result in ${directory} already; name another directory, or give --force to replace it.`,
      );
    return new BenchOutput(directory);
  }

  get resultFile(): string {
    return join(this.directory, RESULT);
  }

  get reportFile(): string {
    return join(this.directory, REPORT);
  }

  /** The result, and the same as a page. @throws {OutputError} `output_unwritable` */
  async write(result: BenchResult): Promise<void> {
    const json = JSON.stringify(result, (_, value: unknown) =>
      typeof value === 'string' ? redactor.redact(value) : value,
    );
    await writing(this.directory, async () => {
      await replace(this.resultFile, `${json}\n`);
      // Of what is in the file: no key either.
      await replace(this.reportFile, reportHtml(JSON.parse(json) as BenchResult));
    });
  }

  /** Nothing was run: leaves no directory behind that was made for nothing. */
  async discard(): Promise<void> {
    // One that is not empty was there before, and stays.
    await rmdir(this.directory).catch(() => undefined);
  }
}

/** All of it or nothing: a result that breaks off in the middle would be none. */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

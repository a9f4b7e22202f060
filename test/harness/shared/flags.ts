import { randomInt } from 'node:crypto';
import { UsageError } from '../../../src/errors.ts';
import { nearest } from '../../../src/nearest.ts';

/** One option: a whole number `--calls 1000`, a text `--store path`, or a switch `--full` (default off). */
export type HarnessFlag =
  | { readonly kind: 'number'; readonly default: number; readonly about: string; readonly min?: number }
  | { readonly kind: 'text'; readonly default: string; readonly about: string }
  | { readonly kind: 'switch'; readonly about: string };

export type HarnessFlags = Readonly<Record<string, HarnessFlag>>;

/** The values by name, and what every harness has: a seed, and the parts that were named (none: all). */
export type HarnessValues<Flags extends HarnessFlags> = {
  readonly [Name in keyof Flags]: Flags[Name]['kind'] extends 'number'
    ? number
    : Flags[Name]['kind'] extends 'text'
      ? string
      : boolean;
} & { readonly seed: number; readonly parts: readonly string[] };

const COMMON: HarnessFlags = {
  seed: { kind: 'number', default: 0, about: 'plays a run again; drawn when it is not given' },
};

/**
 * Reads the command line of a harness. `--help` prints what there is and exits with 0; anything that is not known, or
 * is no number where one is wanted, is refused on stderr with exit code 2, naming the nearest flag.
 * @param name  as in `npm run name`
 * @param argv  `process.argv.slice(2)`
 * @param parts  words that may be given without dashes
 */
export function parseHarnessFlags<const Flags extends HarnessFlags>(
  name: string,
  argv: readonly string[],
  flags: Flags,
  parts: readonly string[] = [],
): HarnessValues<Flags> {
  if (argv.includes('--help')) {
    process.stdout.write(helpText(name, flags, parts));
    process.exit(0);
  }
  try {
    return readHarnessFlags(name, argv, flags, parts);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

/** {@link parseHarnessFlags} that throws in place of exiting. @throws {UsageError} `usage` */
export function readHarnessFlags<const Flags extends HarnessFlags>(
  name: string,
  argv: readonly string[],
  flags: Flags,
  parts: readonly string[] = [],
): HarnessValues<Flags> {
  const known: HarnessFlags = { ...COMMON, ...flags };
  const values = new Map<string, unknown>();
  for (const [key, flag] of Object.entries(known))
    values.set(key, flag.kind === 'switch' ? false : flag.default);
  values.set('seed', randomInt(1, 2 ** 31));
  const named: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) {
      if (!parts.includes(word)) throw unknown(name, `part "${word}"`, word, parts, '');
      named.push(word);
      continue;
    }
    const [key = '', inline] = word.slice(2).split(/=(.*)/s, 2);
    const flag = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!flag) throw unknown(name, `flag --${key}`, key, Object.keys(known), '--');
    if (flag.kind === 'switch') {
      if (inline !== undefined) throw usage(name, `--${key} takes no value`);
      values.set(key, true);
      continue;
    }
    const text = inline ?? rest.shift();
    if (text === undefined) throw usage(name, `--${key} needs a value`);
    values.set(key, flag.kind === 'number' ? wholeNumber(name, key, text, flag.min ?? 0) : text);
  }
  return { ...Object.fromEntries(values), parts: named } as unknown as HarnessValues<Flags>;
}

function wholeNumber(name: string, key: string, text: string, min: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (text !== '' && Number.isSafeInteger(value) && value >= min) return value;
  throw usage(name, `--${key} must be a whole number, at least ${min}; it is ${JSON.stringify(text)}`);
}

function unknown(
  name: string,
  what: string,
  given: string,
  known: readonly string[],
  sign: string,
): UsageError {
  const near = nearest(given, known);
  const hint = near === undefined ? '' : `; did you mean ${sign}${near}?`;
  const list = known.length === 0 ? 'there are none' : `known: ${known.map((one) => sign + one).join(', ')}`;
  return usage(name, `there is no ${what}${hint || '.'} (${list})`);
}

function usage(name: string, problem: string): UsageError {
  return new UsageError('usage', `npm run ${name}: ${problem}`);
}

function helpText(name: string, flags: HarnessFlags, parts: readonly string[]): string {
  const lines = Object.entries({ ...COMMON, ...flags }).map(([key, flag]) => {
    const value = flag.kind === 'switch' || key === 'seed' ? '' : ` (default ${flag.default})`;
    return `  --${key.padEnd(14)} ${flag.about}${value}`;
  });
  const which = parts.length === 0 ? '' : ` [${parts.join(' | ')}]...`;
  return `npm run ${name} --${which} [flags]\n${lines.join('\n')}\n`;
}

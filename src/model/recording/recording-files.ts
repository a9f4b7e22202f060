import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { RecordingError } from '../../errors.ts';
import type { ResolvedProvider } from '../model.ts';
import { RECORDING_VERSION } from './exchange.ts';
import { readExchangeName } from './exchange-name.ts';

/** Says that a directory is a recording, and of which run. */
export const RECORDING_FILE = 'recording.json';
/** Says of each part what was recorded. */
export const PART_FILE = 'part.json';

export interface RecordingHead {
  readonly format: 'skein-recording';
  readonly version: typeof RECORDING_VERSION;
  /** Only the same run may go on with it. */
  readonly run: string;
}

/** What one pool has recorded. */
export interface RecordingPart {
  readonly startedAt: string;
  /** `provider:name`, in the order in which sessions named them. */
  readonly models: readonly string[];
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** Null while the pool is open, and for ever when its process was killed. */
  readonly end: PartEnd | null;
}

export interface PartEnd {
  readonly exchanges: number;
  /** Exchanges that are not there: they could not be written, or their thread ended. */
  readonly missing: number;
}

/** A provider without its credentials: what makes its requests the same again. */
export type ProviderSettings = Omit<ResolvedProvider, 'name' | 'apiKey' | 'headers' | 'tape'>;

const head = z.looseObject({
  format: z.literal('skein-recording'),
  version: z.literal(RECORDING_VERSION),
  run: z.string(),
});

const part = z.looseObject({
  startedAt: z.string(),
  models: z.array(z.string()),
  providers: z.record(z.string(), z.looseObject({ baseURL: z.string() })),
  end: z.nullable(z.looseObject({ exchanges: z.int(), missing: z.int() })),
});

/**
 * @returns undefined where the directory holds no recording
 * @throws {RecordingError} `recording_damaged`, `recording_newer`
 */
export function readHead(directory: string): RecordingHead | undefined {
  const text = readIfThere(join(directory, RECORDING_FILE), directory);
  if (text === undefined) return undefined;
  const value = parse(text);
  const { format, version } = Object(value) as { format?: unknown; version?: unknown };
  if (format === 'skein-recording' && typeof version === 'number' && version > RECORDING_VERSION) {
    throw new RecordingError('recording_newer', {
      directory,
      problem: `it was made by a newer skein (version ${version} of the format; this one reads ${RECORDING_VERSION}); use that one`,
    });
  }
  if (!head.safeParse(value).success) throw damaged(directory, RECORDING_FILE);
  return value as RecordingHead;
}

/** Names of the parts, in the order in which they were begun. */
export function partNames(directory: string): string[] {
  const numbers = list(directory).flatMap((name) => {
    const [, number] = /^part-([1-9]\d{0,8})$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.sort((a, b) => a - b).map((number) => `part-${number}`);
}

/**
 * @returns undefined for a part that was killed before it had begun
 * @throws {RecordingError} `recording_damaged`
 */
export function readPart(directory: string, name: string): RecordingPart | undefined {
  const file = join(name, PART_FILE);
  const text = readIfThere(join(directory, file), directory);
  if (text === undefined) {
    if (exchangeFiles(directory, name).length > 0) throw damaged(directory, file);
    return undefined;
  }
  const value = parse(text);
  if (!part.safeParse(value).success) throw damaged(directory, file);
  return value as RecordingPart;
}

/** Files of a part's exchanges, relative to the recording, in the order in which their requests were sent. */
export function exchangeFiles(directory: string, part: string): string[] {
  return list(join(directory, part))
    .flatMap((file) => {
      const name = readExchangeName(file);
      return name ? [{ file: join(part, file), number: name.number }] : [];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ file }) => file);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

function readIfThere(file: string, directory: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(directory, cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(directory: string, file: string): RecordingError {
  return new RecordingError('recording_damaged', {
    directory,
    problem: `its ${file} is missing or is not what was written; take the recording from where it came from again`,
  });
}

function unreadable(directory: string, cause: unknown): RecordingError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RecordingError('recording_damaged', { directory, problem: `it cannot be read (${why})`, cause });
}

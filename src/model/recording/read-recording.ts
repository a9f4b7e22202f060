import { resolve } from 'node:path';
import { RecordingError } from '../../errors.ts';
import type { ProviderOptions } from '../model.ts';
import {
  exchangeFiles,
  partNames,
  readHead,
  readPart,
  RECORDING_FILE,
  type ProviderSettings,
} from './recording-files.ts';

/** A recording as a whole. */
export interface RecordingSummary {
  /** Absolute. */
  readonly directory: string;
  /** `provider:name` of all sessions, those that were named first first. */
  readonly models: readonly string[];
  /** Has each recorded provider replayed: a pool's `providers`. */
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  readonly exchanges: number;
  /** False where an exchange could not be kept or the recording process was killed: a replay may miss something. */
  readonly complete: boolean;
}

/** A recording with what a replay of it needs. */
export interface OpenedRecording {
  readonly directory: string;
  readonly models: readonly string[];
  readonly settings: ReadonlyMap<string, ProviderSettings>;
  /** Relative to the directory, in the order in which they were sent. */
  readonly files: readonly string[];
  readonly isComplete: boolean;
}

/**
 * What a directory's recording holds: to replay it, give the providers to a pool and one of the models to its sessions.
 * @throws {RecordingError} `recording_missing`, `recording_damaged`, `recording_newer`
 */
export function readRecording(directory: string): RecordingSummary {
  const recording = openRecording(directory);
  return {
    directory: recording.directory,
    models: recording.models,
    providers: Object.fromEntries(
      [...recording.settings.keys()].map((name) => [name, { replay: recording.directory }]),
    ),
    exchanges: recording.files.length,
    complete: recording.isComplete,
  };
}

/** @throws {RecordingError} as {@link readRecording} */
export function openRecording(given: string): OpenedRecording {
  const directory = resolve(given);
  if (!readHead(directory)) {
    throw new RecordingError('recording_missing', {
      directory,
      problem: `there is no ${RECORDING_FILE} in it; make a recording with --record, or the pool's option record`,
    });
  }
  const models = new Set<string>();
  const settings = new Map<string, ProviderSettings>();
  const files: string[] = [];
  const parts = partNames(directory);
  let isComplete = parts.length > 0;
  for (const name of parts) {
    const part = readPart(directory, name);
    if (!part) continue;
    for (const model of part.models) models.add(model);
    for (const [provider, its] of Object.entries(part.providers)) settings.set(provider, its);
    const partFiles = exchangeFiles(directory, name);
    files.push(...partFiles);
    isComplete &&= part.end !== null && part.end.missing === 0 && part.end.exchanges === partFiles.length;
  }
  return { directory, models: [...models], settings, files, isComplete };
}

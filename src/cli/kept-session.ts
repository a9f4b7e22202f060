import { UsageError } from '../errors.ts';
import { openStore } from '../journal/open-store.ts';
import type { JournalStore } from '../journal/store.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { FileDifference, FilesView } from '../workspace/files-view.ts';
import { comparePaths } from '../workspace/paths.ts';
import type { RunCommandOptions } from './run-options.ts';
import { readStoredSession } from './stored-session.ts';

/** A session that a store has from an earlier run of the command. */
export interface KeptSession {
  readonly sessionId: string;
  readonly model: string;
  /** What it was started over. */
  readonly image: BaseImage;
}

/** Opens a store to be written. @param place  `sqlite:path`, or a path @throws {UsageError} @throws {StoreError} */
export function openStoreToWrite(place: string): Promise<JournalStore> {
  if (place === '' || place === 'memory')
    throw new UsageError(
      'usage',
      'Option --store: expected sqlite:PATH; memory does not outlive the command.',
    );
  return openStore(place.startsWith('sqlite:') ? place : `sqlite:${place}`);
}

/**
 * The session that `--session` names, where the store has it already.
 * @throws {UsageError} when an option asks for something else than it was started with
 */
export function keptSession(store: JournalStore, options: RunCommandOptions): KeptSession | undefined {
  const { session: sessionId } = options;
  if (sessionId === undefined || !store.session(sessionId)) return undefined;
  const { record, images } = readStoredSession(store, sessionId);
  const { model } = record.spec;
  // A recording's models are those of its sessions.
  const isReplay = options.model?.startsWith('replay:') ?? false;
  const other = [
    options.model !== undefined && options.model !== model && !isReplay ? '--model' : '',
    options.fallback.length > 0 ? '--fallback' : '',
    options.system === undefined ? '' : '--system',
    options.skills.length > 0 ? '--skills' : '',
    options.file.length > 0 ? '--file' : '',
    options.maxTurns === undefined ? '' : '--max-turns',
  ].find((option) => option !== '');
  if (other !== undefined) {
    throw new UsageError(
      'usage',
      `Session ${sessionId} goes on as it was started, with the model ${model}; leave out ${other}, or start another session.`,
    );
  }
  const [image] = images;
  if (!image)
    throw new UsageError('usage', `Session ${sessionId} has no files that the command could go on with.`);
  return { sessionId, model, image };
}

/** What became of a session's files between two moments, in byte order of the paths. */
export function differencesBetween(
  before: Pick<FilesView, 'get' | 'keys'>,
  after: Pick<FilesView, 'get' | 'keys'>,
): FileDifference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort(comparePaths);
  return paths.flatMap((path) => {
    const [old, now] = [bytesOf(before.get(path)), bytesOf(after.get(path))];
    const isSame = old === null || now === null ? old === now : old.equals(now);
    return isSame ? [] : [{ path, before: old, after: now }];
  });
}

function bytesOf(content: string | Uint8Array | undefined): Buffer | null {
  return content === undefined ? null : Buffer.from(content as Uint8Array);
}

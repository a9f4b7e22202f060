import { InvalidOptionError } from '../../errors.ts';
import type { ResolvedProvider } from '../model.ts';
import { openRecording } from './read-recording.ts';

/**
 * A provider as it was recorded, with the recording in its place.
 * @throws {RecordingError} `recording_missing`, `recording_damaged`, `recording_newer`
 * @throws {InvalidOptionError} when the recording has no such provider
 */
export function replayProvider(
  name: string,
  options: { readonly replay: string; readonly replayTiming?: boolean | undefined },
): ResolvedProvider {
  const { directory, settings, files, isComplete } = openRecording(options.replay);
  const recorded = settings.get(name);
  if (!recorded) {
    const known = [...settings.keys()].join(', ') || 'none';
    throw new InvalidOptionError({
      option: `providers.${name}.replay`,
      problem: `the recording ${directory} has no provider ${name}; it has ${known}`,
      hint: 'Name the entry as the provider was named when it was recorded.',
    });
  }
  if (!isComplete) {
    process.emitWarning(
      `The recording in ${directory} is incomplete: exchanges could not be written, or it was cut off or changed. A replay may ask for what is not there.`,
      { type: 'SkeinRecordingWarning', code: 'recording_incomplete' },
    );
  }
  return {
    ...recorded,
    name,
    apiKey: '',
    headers: {},
    tape: {
      mode: 'replay',
      directory,
      files,
      played: new SharedArrayBuffer(4 * files.length),
      provider: name,
      hasTiming: options.replayTiming ?? false,
      isComplete,
    },
  };
}

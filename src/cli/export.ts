import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { takeEmptyDirectory, writing } from '../batch/empty-directory.ts';
import { countOf } from '../batch/format.ts';
import { StoreError } from '../errors.ts';
import { isFilePath } from '../workspace/paths.ts';
import { WorkspaceView } from '../workspace/workspace-view.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import { openStoreToRead, readStoredSession } from './stored-session.ts';
import { describeTerminal } from './terminal.ts';

export interface ExportCommandOptions {
  readonly store?: string;
  readonly out: string;
  readonly json?: true;
}

/** `skein export ID`: writes a session's messages, files and patch into a new or empty directory, and nowhere else. */
export async function exportCommand(sessionId: string, options: ExportCommandOptions): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const out = resolve(options.out);
  const store = await openStoreToRead(options.store);
  try {
    const { record, images } = readStoredSession(store, sessionId);
    const workspace = new WorkspaceView({ sessionId, images, overlay: record.overlay });
    const { files, patch } = workspace;
    for (const path of files.keys()) assertInside(path, sessionId);
    await takeEmptyDirectory(out);
    const messages = `${JSON.stringify(record.conversation.messages, null, 2)}\n`;
    await writing(out, async () => {
      await writeFile(join(out, 'messages.json'), messages, { flag: 'wx' });
      await writeFile(join(out, 'changes.patch'), patch, { flag: 'wx' });
      await mkdir(join(out, 'files'));
      for (const [path, content] of files) {
        const file = join(out, 'files', path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content, { flag: 'wx' });
      }
    });
    const counts = {
      messages: record.conversation.messages.length,
      files: files.size,
      changes: workspace.differences.length,
    };
    if (terminal.json) {
      const writer = new NdjsonWriter((line) => process.stdout.write(line));
      writer.record('session.exported', { id: sessionId, out, ...counts });
    } else {
      const what = `${countOf(counts.messages, 'message')}, ${countOf(counts.files, 'file')}, ${counts.changes} changed`;
      process.stdout.write(`${what}\n  ${printableLine(out)}\n`);
    }
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** A path of a session never leads out of it; what a file on disk says of one is another matter. */
function assertInside(path: string, sessionId: string): void {
  if (isFilePath(path)) return;
  throw new StoreError(
    'store_corrupt',
    `Session ${sessionId} has a file with a path that skein does not write: ${JSON.stringify(path)}; nothing was exported.`,
  );
}

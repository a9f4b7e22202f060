import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NamedStream {
  readonly name: string;
  readonly bytes: Buffer;
}

/** They are no part of the repository: beside the checkout, for those who have them. */
const FOLDER = join(process.cwd(), '../shared/fixtures/provider-streams');

/** What real providers sent in the Chat Completions protocol; undefined when the recordings are not there. */
export function recordedStreams(): NamedStream[] | undefined {
  const index = join(FOLDER, 'expected.json');
  if (!existsSync(index)) return undefined;
  const all = JSON.parse(readFileSync(index, 'utf8')) as Record<string, { api: string; stream: boolean }>;
  return Object.entries(all)
    .filter(([, { api, stream }]) => api === 'chat-completions' && stream)
    .map(([name]) => {
      const lines = readFileSync(join(FOLDER, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      return { name, bytes: Buffer.from([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join('')) };
    });
}

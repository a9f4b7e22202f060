import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts `name.client.js` beside the harness's bundle, in a process of its own; resolves with its first message. */
export async function startClient(
  harnessUrl: string,
  name: string,
  args: readonly (string | number)[],
): Promise<{ readonly child: ChildProcess; readonly hello: unknown }> {
  const file = fileURLToPath(new URL(`${name}.client.js`, harnessUrl));
  const child = fork(file, args.map(String), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended before it was ready`);
  });
  ended.catch(() => undefined);
  const [hello] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
  return { child, hello };
}

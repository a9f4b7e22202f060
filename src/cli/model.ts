import { once } from 'node:events';
import { InvalidOptionError, UsageError } from '../errors.ts';
import { startScriptedModel, type ScriptedModelServer } from '../model/scripted/server.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import { describeTerminal } from './terminal.ts';

export interface ModelCommandOptions {
  readonly port?: number;
  readonly seed?: number;
  readonly json?: true;
}

/**
 * `skein model script.yaml`: serves until Ctrl-C. Started by a program with an IPC channel, it ends with that program.
 */
export async function modelCommand(script: string, options: ModelCommandOptions): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const server = await serve(script, options);
  if (terminal.json) {
    const writer = new NdjsonWriter((line) => process.stdout.write(line));
    writer.record('model.listening', { baseURL: server.baseURL, port: server.port, script });
  } else {
    const c = terminal.out;
    process.stdout.write(
      `Scripted model on ${c.bold(server.baseURL)}: it answers from ${printableLine(script)}, and is no language model.\n` +
        `${c.dim(`Use it with: skein run "…" --provider scripted=${server.baseURL} --model scripted:any`)}\n`,
    );
  }
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'disconnect')]);
  await server.close();
  // An open channel would keep the process alive.
  if (process.connected) process.disconnect();
  return EXIT.done;
}

async function serve(script: string, { port = 0, seed }: ModelCommandOptions): Promise<ScriptedModelServer> {
  try {
    return await startScriptedModel(script, { port, ...(seed === undefined ? {} : { seed }) });
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError && cause.option === 'port')) throw cause;
    throw new UsageError('usage', `${cause.message} Choose another one with --port.`, { cause });
  }
}

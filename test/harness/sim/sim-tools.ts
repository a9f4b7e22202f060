import { WorkspaceError } from '../../../src/errors.ts';
import type { Tool, ToolContext } from '../../../src/tools/tool.ts';
import { IDEMPOTENT_TOOL } from './journal-watch.ts';
import type { SimDisk } from './sim-store.ts';
import type { World } from './world.ts';

/** What an effect leaves in the session's files. */
export function effectFile(token: string): { readonly path: string; readonly content: string } {
  return { path: `effects/${token}`, content: `done ${token}\n` };
}

/** The world outside: counts what was done to it. Outlives the process. */
export class Outside {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #done = new Map<string, number>();

  constructor(world: World, disk: SimDisk) {
    this.#world = world;
    this.#disk = disk;
  }

  /** The caller's functions, as each process has them. */
  tools(): Tool[] {
    const parameters = {
      type: 'object',
      properties: { token: { type: 'string' } },
      required: ['token'],
      additionalProperties: false,
    };
    const execute = (name: string) => (input: { token: string }, context: ToolContext) =>
      this.#execute(name, input.token, context);
    return [
      { name: 'effect', description: 'e', parameters, timeoutMs: 60, execute: execute('effect') },
      {
        name: IDEMPOTENT_TOOL,
        description: 'a',
        parameters,
        idempotent: true,
        execute: execute(IDEMPOTENT_TOOL),
      },
      { name: 'look', description: 'l', parameters, readOnly: true, execute: execute('look') },
    ];
  }

  #execute(name: string, token: string, { sessionId, workspace }: ToolContext): Promise<string> {
    const times = (this.#done.get(`${sessionId} ${token}`) ?? 0) + 1;
    this.#done.set(`${sessionId} ${token}`, times);
    this.#world.trace(`outside ${name} ${token} for ${sessionId}`);
    this.#check(name, token, sessionId, times);
    const { prng } = this.#world;
    return new Promise((resolve, reject) => {
      this.#world.after(this.#world.faulty(0.1) ? 100 : prng.below(30), `outside done ${token}`, () => {
        if (this.#world.faulty(0.1)) return reject(new Error('the outside refuses'));
        if (name === 'effect') {
          const { path, content } = effectFile(token);
          try {
            workspace.writeText(path, content);
          } catch (error) {
            // Its call has ended without it, and the files are no longer its own.
            if (!(error instanceof WorkspaceError) || error.code !== 'call_ended') throw error;
            return reject(error);
          }
        }
        resolve(`ok ${token}`);
      });
    });
  }

  /** Nothing is done outside before it was journalled that it will be, nor again unless it may. */
  #check(name: string, token: string, sessionId: string, times: number): void {
    const turn = this.#disk.watch(sessionId)?.turn;
    const call = [...(turn?.calls.values() ?? [])].find(({ arguments: text }) => text.includes(`"${token}"`));
    if (!call || !turn?.begun.has(call.id)) {
      this.#world.fail(`effect ${token} of ${sessionId} is done and no journal says so`);
    }
    if (call && turn?.results.has(call.id)) {
      this.#world.fail(`effect ${token} of ${sessionId} is done again after its result`);
    }
    if (times === 1) return;
    this.#world.reach('effect: done again, as it may');
    if (name !== IDEMPOTENT_TOOL) this.#world.fail(`effect ${token} of ${sessionId} is done twice`);
  }
}

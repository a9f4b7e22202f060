import type { Message } from './model/message.ts';
import type { StopReason } from './journal/entries.ts';
import { systemClock } from './clock.ts';
import type { PoolOptions, SessionOptions } from './pool/options.ts';
import { SessionPool } from './pool/pool.ts';
import type { Session } from './pool/session.ts';

/** How long `sendMessage` waits (CA-13). */
const DEFAULT_TIMEOUT_MS = 120_000;

/** CodingAgent's options; everything else is forwarded to the model (CA-4 to CA-11). */
export interface CodingAgentOptions {
  readonly model?: string;
  readonly systemPrompt?: string;
  readonly skillsDirs?: readonly string[];
  readonly tools?: NonNullable<SessionOptions['tools']>;
  readonly maxTurns?: number;
  readonly files?: NonNullable<SessionOptions['files']>;
  /** Id under which {@link CodingAgent.via} finds the session. */
  readonly name?: string;
  readonly [modelOption: string]: unknown;
}

/** `ok` with the reply, or not, with the reason; the files either way. */
export type MessageOutcome =
  | {
      readonly ok: true;
      readonly reply: string;
      readonly files: ReadonlyMap<string, string | Uint8Array>;
    }
  | {
      readonly ok: false;
      /** Why the prompt ended; `timeout` also when only the caller stopped waiting. */
      readonly reason: Exclude<StopReason, 'end'>;
      readonly message: string;
      readonly files: ReadonlyMap<string, string | Uint8Array>;
      readonly messages: readonly Message[];
    };

/**
 * The interface of CodingAgent, the Elixir library, over a session pool: for people who come from there, and as the
 * shortest way to an answer that is either ok or not. Prefer `SessionPool` in new code.
 */
export class CodingAgent implements AsyncDisposable {
  readonly #pool: SessionPool;

  private constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  /** `apiKey` is OpenRouter's; default the environment's OPENROUTER_API_KEY (CA-31). */
  static async open(options: { readonly apiKey?: string } & PoolOptions = {}): Promise<CodingAgent> {
    const { apiKey, ...poolOptions } = options;
    const providers = apiKey === undefined ? {} : { openrouter: { apiKey } };
    return new CodingAgent(
      await SessionPool.open({ ...poolOptions, providers: { ...providers, ...poolOptions.providers } }),
    );
  }

  /** `openrouter:<name>` (CA-31). */
  static model(name: string): string {
    return `openrouter:${name}`;
  }

  /** @throws as `pool.start` does */
  async startSession(options: CodingAgentOptions = {}): Promise<Session> {
    const { model, systemPrompt, skillsDirs, tools, maxTurns, files, name, ...modelOptions } = options;
    return this.#pool.start({
      ...(name === undefined ? {} : { id: name }),
      ...(model === undefined ? {} : { model }),
      ...(systemPrompt === undefined ? {} : { system: systemPrompt }),
      ...(skillsDirs === undefined ? {} : { skills: skillsDirs }),
      ...(tools === undefined ? {} : { tools }),
      ...(maxTurns === undefined ? {} : { maxTurns }),
      ...(files === undefined ? {} : { files }),
      modelOptions,
    });
  }

  /** The session started under this name (CA-12). */
  via(name: string): Session | undefined {
    return this.#pool.session(name);
  }

  /** Never rejects for what the prompt meets. A timeout ends the wait, not the prompt: the session goes on (CA-13). */
  sendMessage(session: Session, text: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<MessageOutcome> {
    return send(session, text, timeoutMs);
  }

  /** The same, with every piece of text of every turn as it arrives (CA-18). */
  streamMessage(
    session: Session,
    text: string,
    onChunk: (text: string) => void,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<MessageOutcome> {
    return send(session, text, timeoutMs, onChunk);
  }

  /** All files of the session (CA-17). */
  files(session: Session): ReadonlyMap<string, string | Uint8Array> {
    return session.files();
  }

  /** The whole conversation (CA-17). */
  context(session: Session): readonly Message[] {
    return session.messages();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }
}

async function send(
  session: Session,
  text: string,
  timeoutMs: number,
  onText?: (text: string) => void,
): Promise<MessageOutcome> {
  const failed = (reason: Exclude<StopReason, 'end'>, message: string): MessageOutcome => ({
    ok: false,
    reason,
    message,
    files: session.files(),
    messages: session.messages(),
  });
  let stopWaiting: (() => void) | undefined;
  const timedOut = new Promise<undefined>((resolve) => {
    stopWaiting = systemClock.after(timeoutMs, () => resolve(undefined));
  });
  const prompt = session.prompt(text, onText ? { onText } : {});
  const result = await Promise.race([prompt, timedOut]).finally(() => stopWaiting?.());
  if (!result) {
    // Nobody waits for it any more; it is heard of through the session.
    prompt.catch(() => undefined);
    return failed('timeout', `no answer within ${timeoutMs} ms; the session goes on`);
  }
  if (result.stopReason === 'end') return { ok: true, reply: result.reply, files: result.files };
  return failed(result.stopReason, result.error?.message ?? `the prompt ended: ${result.stopReason}`);
}

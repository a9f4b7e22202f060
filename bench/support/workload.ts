/** What every contestant is given and what must come of it: 5 model calls, 8 tool calls, 20 files of 4 KB. */

export const FILE_COUNT = 20;
export const FILE_BYTES = 4_096;
export const DELTAS = 100;
export const FIRST_TOKEN_MS = 300;
export const BETWEEN_TOKENS_MS = 10;
/** Responses of one conversation; all but the last ask for two tools. */
export const MODEL_CALLS = 5;
/** What a paced conversation takes when nothing but the model takes time. */
export const IDEAL_MS = MODEL_CALLS * (FIRST_TOKEN_MS + (DELTAS - 1) * BETWEEN_TOKENS_MS);

export const PROMPT = 'Raise the revision of the first four modules.';
export const LAST_WORDS = 'All four are at revision 2.';
export const OLD_LINE = 'export const revision = 1;';
export const NEW_LINE = 'export const revision = 2;';

export function pathOf(index: number): string {
  return `src/module-${String(index).padStart(4, '0')}.ts`;
}

/** `count` source files of `bytes` each. */
export function makeFiles(count: number = FILE_COUNT, bytes: number = FILE_BYTES): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [pathOf(index), sourceOf(index, bytes)]),
  );
}

/**
 * @param edited  files that are edited, of all
 * @throws when the conversation did not do its work: a contestant that skips some of it must not be timed
 */
export function checkOutcome(
  outcome: Outcome,
  files: Readonly<Record<string, string>>,
  edited: number = MODEL_CALLS - 1,
): void {
  if (!outcome.reply.endsWith(LAST_WORDS)) throw new Error(`unexpected reply: ${outcome.reply.slice(-80)}`);
  for (const [index, [path, before]] of Object.entries(files).entries()) {
    const expected = index < edited ? before.replace(OLD_LINE, NEW_LINE) : before;
    if (outcome.read(path) !== expected) throw new Error(`${path} is not what the conversation should leave`);
  }
}

/** How a conversation ended. */
export interface Outcome {
  readonly reply: string;
  /** The text of a file as the conversation left it. */
  readonly read: (path: string) => string | undefined;
}

/** One way to hold conversations; every contestant of a question implements it. */
export interface Contestant {
  /** A conversation of which nothing has been sent yet. */
  start(options: StartOptions): Promise<HeldSession>;
  close(): Promise<void>;
}

export interface StartOptions {
  /** Names the model server's scenario. */
  readonly model: string;
  readonly files: Readonly<Record<string, string>>;
  /** Offer one more tool: one that burns CPU, or one that crashes. */
  readonly extraTool?: ExtraTool | undefined;
}

export type ExtraTool = 'burn' | 'crash';

/** A conversation that can be gone on with. */
export interface HeldSession {
  /** Sends {@link PROMPT}. @returns when the model asks for no more tools */
  prompt(onText?: (text: string) => void): Promise<Outcome>;
  close(): Promise<void>;
}

/** A whole conversation: one prompt. */
export async function converse(
  contestant: Contestant,
  { onText, ...options }: StartOptions & { readonly onText?: ((text: string) => void) | undefined },
): Promise<Outcome> {
  const session = await contestant.start(options);
  const outcome = await session.prompt(onText);
  await session.close();
  return outcome;
}

function sourceOf(index: number, bytes: number): string {
  let text = `/** Module ${index}. */\n${OLD_LINE}\n\n`;
  for (let line = 0; text.length < bytes; line += 1) {
    text += `export function step${line}(value: number): number {\n  return value * ${index + 2} + ${line};\n}\n\n`;
  }
  return `${text.slice(0, bytes - 1)}\n`;
}

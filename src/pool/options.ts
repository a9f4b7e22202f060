import * as z from 'zod/mini';
import type { JsonSchema, Tool } from '../tools/tool.ts';
import { DEFAULT_LOOPS } from '../context/loops.ts';
import { InvalidOptionError } from '../errors.ts';
import type { JournalStore } from '../journal/store.ts';
import { RESERVED_FIELDS, type Priority, type ProviderOptions } from '../model/model.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { BudgetOptions } from '../protocol/budget.ts';
import type { FilesInput } from '../workspace/from-files.ts';
import { BaseImage } from '../workspace/base-image.ts';
import type { RecordOptions } from '../model/recording/recording.ts';
import { checkOptions } from './check-options.ts';
import { api, quirks } from './quirk-options.ts';
import type { PoolListener } from './pool-observer.ts';
import type { RecoverMode } from './recovery.ts';
import { Snapshot, type SnapshotRef } from './snapshot.ts';

/** How many threads sessions run on. */
export interface ThreadOptions {
  /** Threads kept even when idle. Default 0: the first prompt starts one. */
  readonly min?: number;
  /** Most session threads at once. Default twice the cores, at least 4. */
  readonly max?: number;
  /** A session keeps its thread to itself until it is closed; further sessions wait. Default false. */
  readonly dedicated?: boolean;
  /** How long a step waits for its session's busy thread before it moves to another. Default 5. */
  readonly patienceMs?: number;
  /** An idle thread above `min` ends after this. Default 30,000. */
  readonly idleTimeoutMs?: number;
  /** Old-generation heap of one session thread. Default 512. */
  readonly maxHeapMb?: number;
}

/** How models are called. */
export interface ModelThreadOptions {
  /** Model threads. Default 1, enough for thousands of streams. */
  readonly threads?: number;
  /** `provider:name` of sessions that name none. */
  readonly default?: string;
  /** Deadlines of one attempt. Defaults 10 s, 120 s, 90 s, 15 min. */
  readonly connectTimeoutMs?: number;
  readonly firstByteTimeoutMs?: number;
  /** Reset by content, never by keep-alive comments. */
  readonly idleTimeoutMs?: number;
  readonly totalTimeoutMs?: number;
  /**
   * Attempts of one model call. Default 4; 1 for no retries. Those that failed for reasons of all sessions (a rate limit, a
   * provider that is down) do not count: they are made again until `maxWaitMs`.
   */
  readonly maxAttempts?: number;
  /** A provider that asks for a longer wait than this is not waited for: requests to it are refused meanwhile. Default 60,000. */
  readonly maxRetryAfterMs?: number;
  /** How long a model response may be waited for at the gate. Default 600,000. */
  readonly maxWaitMs?: number;
}

/** What one session, and all of them, may use. */
export interface LimitOptions {
  /** Sessions that may be open at once, parked ones included. Default 100,000. */
  readonly maxSessions?: number;
  /** An idle session leaves memory after this; its journal is kept. Default 60,000; Infinity for never. */
  readonly parkAfterMs?: number;
  /** Idle sessions that stay in memory. Default 2,048. */
  readonly maxIdleSessions?: number;
  /** Bytes of idle sessions, messages and changed files, that stay in memory; the one used last always does. Default 256 MiB. */
  readonly maxIdleBytes?: number;
  /** Prompts that may wait in one session's mailbox. Default 64. */
  readonly maxQueuedPrompts?: number;
  /**
   * Deadline of a tool call whose tool has none of its own, and the longest that a step may spend outside its calls.
   * Default 30,000.
   */
  readonly stepTimeoutMs?: number;
  /** How long a cancelled step may take to stop by itself. Default 100. */
  readonly cancelGraceMs?: number;
  readonly maxFileBytes?: number;
  readonly maxTotalBytes?: number;
  readonly maxFiles?: number;
  /** Sessions whose files one thread keeps between steps. Default 1,024. */
  readonly maxResidentSessions?: number;
  /** Bytes of changed files one thread keeps between steps. Default 64 MiB. */
  readonly maxResidentBytes?: number;
  /**
   * Memory of one shard process, in MiB: above it the process is replaced when its steps are done, above one and a half
   * times it at once. Default 2,048.
   */
  readonly maxShardRssMb?: number;
}

/** What goes to OpenTelemetry, if the program has registered an SDK. */
export interface TelemetryOptions {
  /**
   * Also what models and tools were given and what they answered: prompts, files that were read, everything, redacted.
   * Default false.
   */
  readonly recordContent?: boolean;
}

export interface PoolOptions {
  /**
   * Where session threads run. `thread`, the default: in this process. `process`: in a few shard processes, which some
   * out-of-memory shapes and native code end without harm to this one, and which Node's permission model keeps from files
   * and processes. A step costs a fraction of a millisecond more there.
   */
  readonly isolation?: 'thread' | 'process';
  /** Shard processes with `isolation: 'process'`. Default 2. */
  readonly shards?: number;
  /**
   * Where journals are kept: `'memory'` (the default; gone with the process), `'sqlite:path'`, or a store of your own. A
   * pool on a store finds the sessions that are in it.
   */
  readonly store?: string | JournalStore;
  /** What becomes of prompts in the store whose process ended before they did. Default `finish`. */
  readonly recover?: RecoverMode;
  /** The tool objects of sessions that an earlier process started: functions are in no store. Found by name. */
  readonly tools?: readonly Tool[];
  readonly threads?: ThreadOptions;
  readonly models?: ModelThreadOptions;
  readonly providers?: Readonly<Record<string, ProviderOptions>>;
  /**
   * A directory in which every exchange with a provider is kept, for a replay (see `docs/record-replay.md`): new or empty,
   * or with `run` also the recording of the run of that name. It holds what the model was sent, sources included.
   */
  readonly record?: string | RecordOptions;
  readonly limits?: LimitOptions;
  /**
   * Hears of everything that happens in the pool, in order. Given here and not later, so that nothing is missed: prompts of an
   * earlier process are taken up while the pool is opened. What it throws harms no session.
   */
  readonly onEvent?: PoolListener;
  /** Spans and metrics. On by default, which costs next to nothing without an SDK; `false` switches them off. */
  readonly telemetry?: boolean | TelemetryOptions;
  /** What all sessions together may spend, those of earlier processes in the same store included. */
  readonly budget?: BudgetOptions;
  /** Groups of sessions by name, and what each may spend; null for a group whose spending is only counted. */
  readonly groups?: Readonly<Record<string, BudgetOptions | null>>;
  /**
   * What models cost, by `provider:model` or `provider:*`, where the provider does not say so itself. Default: Ollama's
   * cost nothing, and what others cost is not known.
   */
  readonly prices?: PriceTable;
  /**
   * Tokens that fit in a model's window, prompt and answer together, by `provider:model`, or `provider:*` for all of a
   * provider. Of a model without a figure nothing is left out before its provider has refused a request as too long.
   */
  readonly contextTokens?: Readonly<Record<string, number>>;
}

/** How a session's conversation is kept within its model's window. */
export interface ContextOptions {
  /** Tokens of the window, where fewer are to be used than the pool's `contextTokens` say. */
  readonly windowTokens?: number;
  /** Share of the window from which on old results are left out and old turns summarised. Default 0.8. */
  readonly compactAt?: number;
  /** Turns at the end of the conversation that stay as they are, as long as they fit. Default 4. */
  readonly keepTurns?: number;
  /** Tokens of the window that are kept for the answer. Default: the limit that `modelOptions` set for it, else none. */
  readonly reserveTokens?: number;
}

/** When a model that makes the same calls with the same results again and again is stopped. */
export interface LoopOptions {
  /** From this time on a repeated result ends with a note. Default 3. */
  readonly warnAfter?: number;
  /** At this time the prompt ends with `loop`. Default 6. */
  readonly endAfter?: number;
}

export interface SessionOptions {
  /** Default: a new one. */
  readonly id?: string;
  /** `provider:name`. */
  readonly model?: string;
  /**
   * `provider:name` of models that are asked, in this order, when the one before gives no answer: its attempts are used up, its error
   * is one that would come again, or it is known to be down. Each turn begins with `model`. Default none.
   */
  readonly fallback?: readonly string[];
  /** Of the session's prompts where they wait for a model with others. Default `interactive`. */
  readonly priority?: Priority;
  /** Extra system text; the skill catalogue follows it. */
  readonly system?: string;
  /** Directories that are searched for SKILL.md files. */
  readonly skills?: readonly string[];
  /** Preset names, built-in tool names, module URLs, tool objects. Default `['coding-agent']`. */
  readonly tools?: readonly (string | URL | Tool)[];
  /** The session's first files, path → content; over `base`. */
  readonly files?: FilesInput;
  /** Files shared by many sessions: see `baseImage`. */
  readonly base?: BaseImage;
  /** Tool rounds a prompt may take. Default 10; 0 for no limit. */
  readonly maxTurns?: number;
  /** Forwarded verbatim to the model (`temperature`, `max_tokens`, …). */
  readonly modelOptions?: Readonly<Record<string, unknown>>;
  /** What it may spend. See `session.resume` for giving it another. */
  readonly budget?: BudgetOptions;
  /** The group that its spending counts against. Default: that of its parent. */
  readonly group?: string;
  /** Id of the session whose budget, and group, its spending counts against: one that works for that. */
  readonly parent?: string;
  readonly context?: ContextOptions;
  /** False: loops are not looked for, as for a tool that is asked again until something has happened. */
  readonly loops?: LoopOptions | false;
}

export interface ResumeOptions {
  /** Instead of the session's own; null for no limit. Default: as it is. */
  readonly budget?: BudgetOptions | null;
}

export interface CancelOptions {
  /** Also the prompts that wait in the mailbox. Default false. */
  readonly queued?: boolean;
}

export interface CloseOptions {
  /** How long accepted prompts may go on before they are cancelled. Default 10,000. */
  readonly deadlineMs?: number;
}

export interface ForkOptions {
  /** Where in the session's history the fork begins. Default: after the last prompt that has ended. */
  readonly at?: SnapshotRef;
  /** Of the new session. Default: a new one. */
  readonly id?: string;
  /** `provider:name`. Default: that of the session. */
  readonly model?: string;
}

export interface UndoOptions {
  /** Where to go back to: any point of the session's history, also one that was undone. Default: before the last prompt. */
  readonly to?: SnapshotRef;
}

export interface StreamOptions {
  /** Ends the prompt with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Ends the prompt with `timeout`, this long after it was sent. Default: no limit. */
  readonly timeoutMs?: number;
  /** A second prompt of the session with the same key is the first one. At most 200 characters. */
  readonly idempotencyKey?: string;
  /** Where it waits for a model with prompts of other sessions. Default the session's. */
  readonly priority?: Priority;
  /**
   * The form of the answer, as a JSON Schema (draft 2020-12): `result.output` is a value that fits it. An answer that does not
   * is sent back to the model once, with what is wrong; after a second one the prompt ends with `invalid-output`.
   */
  readonly schema?: JsonSchema;
  /** What the provider is told that the schema is called. Letters, digits, `_` and `-`; default `answer`. */
  readonly schemaName?: string;
}

export interface PromptOptions extends StreamOptions {
  /**
   * Gets each piece of the model's text, of every turn; also that of an attempt which then broke off and was made again, or of a
   * model that was then given up: only `session.stream` says so, with `discarded` in `model-retried` and `model-fell-back`. The
   * result's `reply` has none of it. What it throws cancels the prompt.
   */
  readonly onText?: (text: string) => void;
}

const count = (least: number) => z.optional(z.int().check(z.gte(least)));
const timeMs = z.optional(z.number().check(z.positive(), z.lte(0x7fff_ffff)));

const amount = z.optional(
  z.custom<number>(
    (value) => typeof value === 'number' && value > 0 && value < Infinity,
    'expected a number above 0',
  ),
);
const wholeAmount = z.optional(
  z.custom<number>((value) => Number.isSafeInteger(value) && value > 0, 'expected a whole number above 0'),
);
const budget = z
  .strictObject({
    usd: amount,
    tokens: wholeAmount,
    turns: wholeAmount,
    wallMs: amount,
    onReached: z.optional(z.enum(['pause', 'end'])),
  })
  .check(
    z.refine(
      ({ usd, tokens, turns, wallMs }) => [usd, tokens, turns, wallMs].some((limit) => limit !== undefined),
      'expected at least one of usd, tokens, turns and wallMs',
    ),
  );

const price = z.custom<number>(
  (value) => typeof value === 'number' && value >= 0 && value < Infinity,
  'expected US dollars, a number of at least 0',
);
const modelPrice = z.strictObject({
  inputPerMillion: price,
  outputPerMillion: price,
  cachedInputPerMillion: z.optional(price),
  cacheWritePerMillion: z.optional(price),
});
const prices = z.record(
  z.string().check(z.regex(/^[^:]+:./, 'expected provider:model or provider:* as the key')),
  modelPrice,
);

const directory = z.string().check(z.minLength(1));

const providerOptions = z.strictObject({
  baseURL: z.optional(z.string()),
  apiKey: z.optional(z.string()),
  apiKeyEnv: z.optional(z.string()),
  headers: z.optional(z.record(z.string(), z.string())),
  lenient: z.optional(z.boolean()),
  replay: z.optional(z.string().check(z.minLength(1))),
  replayTiming: z.optional(z.boolean()),
  traceHeaders: z.optional(z.boolean()),
  limits: z.optional(
    z.strictObject({
      requestsPerMinute: count(1),
      tokensPerMinute: count(1),
      maxInFlight: count(1),
      startInFlight: count(1),
    }),
  ),
  api,
  quirks: z.optional(quirks),
});

const poolOptions = z.strictObject({
  isolation: z.optional(z.enum(['thread', 'process'])),
  shards: count(1),
  store: z.optional(
    z.union([
      z.string(),
      z.custom(
        (value) => typeof (value as JournalStore | null)?.append === 'function',
        "expected 'memory', 'sqlite:path' or a JournalStore",
      ),
    ]),
  ),
  recover: z.optional(z.enum(['finish', 'report'])),
  tools: z.optional(z.array(z.looseObject({ name: z.string() }))),
  threads: z.optional(
    z.strictObject({
      min: count(0),
      max: count(1),
      dedicated: z.optional(z.boolean()),
      patienceMs: z.optional(z.number().check(z.gte(0))),
      idleTimeoutMs: timeMs,
      maxHeapMb: count(16),
    }),
  ),
  models: z.optional(
    z.strictObject({
      threads: count(1),
      default: z.optional(z.string()),
      connectTimeoutMs: timeMs,
      firstByteTimeoutMs: timeMs,
      idleTimeoutMs: timeMs,
      totalTimeoutMs: timeMs,
      maxAttempts: count(1),
      maxRetryAfterMs: timeMs,
      maxWaitMs: timeMs,
    }),
  ),
  providers: z.optional(z.record(z.string(), providerOptions)),
  record: z.optional(
    z.union(
      [directory, z.strictObject({ directory, run: z.optional(z.string().check(z.minLength(1))) })],
      'expected the path of a directory, or { directory, run }',
    ),
  ),
  limits: z.optional(
    z.strictObject({
      maxSessions: count(1),
      parkAfterMs: z.optional(z.union([timeMs, z.literal(Infinity)])),
      maxIdleSessions: count(1),
      maxIdleBytes: count(1),
      maxQueuedPrompts: count(0),
      stepTimeoutMs: timeMs,
      cancelGraceMs: z.optional(z.number().check(z.gte(0))),
      maxFileBytes: count(1),
      maxTotalBytes: count(1),
      maxFiles: count(1),
      maxResidentSessions: count(1),
      maxResidentBytes: count(1),
      maxShardRssMb: count(64),
    }),
  ),
  onEvent: z.optional(z.custom((value) => typeof value === 'function', 'expected a function')),
  telemetry: z.optional(
    z.union([z.boolean(), z.strictObject({ recordContent: z.optional(z.boolean()) })], {
      error: 'expected true, false or { recordContent }',
    }),
  ),
  budget: z.optional(budget),
  groups: z.optional(z.record(z.string().check(z.minLength(1), z.maxLength(200)), z.nullable(budget))),
  prices: z.optional(prices),
  contextTokens: z.optional(z.record(z.string(), z.int().check(z.gte(1)))),
});

const resumeOptions = z.strictObject({ budget: z.optional(z.nullable(budget)) });

const poolBudget = z.strictObject({ budget: z.nullable(budget) });

const groupBudget = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(200)),
  budget: z.nullable(budget),
});

const sessionId = z.optional(z.string().check(z.minLength(1), z.maxLength(200)));

const priority = z.optional(z.enum(['interactive', 'batch']));

const sessionOptions = z.strictObject({
  id: sessionId,
  model: z.optional(z.string()),
  fallback: z.optional(z.array(z.string())),
  priority,
  system: z.optional(z.string()),
  skills: z.optional(z.array(z.string())),
  tools: z.optional(z.array(z.union([z.string(), z.instanceof(URL), z.looseObject({ name: z.string() })]))),
  files: z.optional(z.union([z.instanceof(Map), z.record(z.string(), z.unknown())])),
  base: z.optional(
    z.custom(
      (value) => value instanceof BaseImage,
      'expected a base image made with baseImage.fromDirectory or fromFiles',
    ),
  ),
  maxTurns: count(0),
  modelOptions: z.optional(z.record(z.string(), z.unknown())),
  budget: z.optional(budget),
  group: z.optional(z.string()),
  parent: z.optional(z.string()),
  context: z.optional(
    z.strictObject({
      windowTokens: count(1),
      compactAt: z.optional(z.number().check(z.gt(0), z.lte(1))),
      keepTurns: count(1),
      reserveTokens: count(0),
    }),
  ),
  loops: z.optional(
    z.union(
      [z.literal(false), z.strictObject({ warnAfter: count(2), endAfter: count(2) })],
      'expected false, or { warnAfter, endAfter } of at least 2',
    ),
  ),
});

const streamOptions = z.strictObject({
  signal: z.optional(z.instanceof(AbortSignal)),
  timeoutMs: timeMs,
  idempotencyKey: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  priority,
  // See `outputSchema`.
  schema: z.optional(z.unknown()),
  schemaName: z.optional(z.string()),
});

const cancelOptions = z.strictObject({ queued: z.optional(z.boolean()) });

const snapshotRef = z.optional(
  z.custom(
    (value) => typeof value === 'string' || value instanceof Snapshot,
    "expected a Snapshot, the id of a prompt, or 'start'",
  ),
);

const forkOptions = z.strictObject({ at: snapshotRef, id: sessionId, model: z.optional(z.string()) });

const undoOptions = z.strictObject({ to: snapshotRef });

const diffPoints = z.strictObject({ a: z.nonoptional(snapshotRef), b: snapshotRef });

const snapshotPoint = z.strictObject({ at: snapshotRef });

const closeOptions = z.strictObject({
  deadlineMs: z.optional(
    z.union([z.number().check(z.gte(0)), z.literal(Infinity)], 'expected a number, at least 0'),
  ),
});

const promptOptions = z.extend(streamOptions, {
  onText: z.optional(z.custom((value) => typeof value === 'function', 'expected a function')),
});

/** @throws {InvalidOptionError} for an option that is unknown, of the wrong type or out of range */
export function checkPoolOptions(options: PoolOptions): PoolOptions {
  const {
    threads,
    record,
    providers = {},
    contextTokens = {},
  } = checkOptions(poolOptions, options, 'SessionPool.open');
  const nameless = Object.keys(contextTokens).find((model) => !/^[^:]+:./.test(model));
  if (nameless !== undefined) {
    throw new InvalidOptionError({
      option: `contextTokens.${nameless}`,
      problem: "expected a name such as 'provider:model' or 'provider:*'",
    });
  }
  const replayed = Object.keys(providers).find((name) => providers[name]?.replay !== undefined);
  if (record !== undefined && replayed !== undefined) {
    throw new InvalidOptionError({
      option: 'record',
      problem: `provider ${replayed} is replayed, and a replay is not recorded again`,
      hint: 'Leave out one of the two.',
    });
  }
  if (threads?.max !== undefined && threads.min !== undefined && threads.min > threads.max) {
    throw new InvalidOptionError({
      option: 'threads.min',
      problem: `expected at most threads.max (${threads.max}), but was given ${threads.min}`,
    });
  }
  return options;
}

/** @throws {InvalidOptionError} */
export function checkSessionOptions(options: SessionOptions): SessionOptions {
  const checked = checkOptions(sessionOptions, options, 'pool.start');
  const reserved = Object.keys(checked.modelOptions ?? {}).find((key) => RESERVED_FIELDS.includes(key));
  if (reserved !== undefined) {
    throw new InvalidOptionError({
      option: `modelOptions.${reserved}`,
      problem: 'is set by skein itself and cannot be forwarded',
    });
  }
  assertJson('modelOptions', checked.modelOptions);
  const { warnAfter, endAfter } = { ...DEFAULT_LOOPS, ...(checked.loops || undefined) };
  if (warnAfter > endAfter) {
    throw new InvalidOptionError({
      option: 'loops.warnAfter',
      problem: `expected at most loops.endAfter (${endAfter}), but is ${warnAfter}`,
    });
  }
  return checked;
}

/** What is sent to a provider or to a thread must be the same when it arrives. */
function assertJson(option: string, value: unknown): void {
  try {
    JSON.stringify(value);
    structuredClone(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidOptionError({ option, problem: `expected plain JSON data (${reason})` });
  }
}

/** @throws {InvalidOptionError} */
export function checkPromptOptions(options: PromptOptions): PromptOptions {
  return checkSchemaOptions(checkOptions(promptOptions, options, 'session.prompt'));
}

/** @throws {InvalidOptionError} */
export function checkStreamOptions(options: StreamOptions): StreamOptions {
  return checkSchemaOptions(checkOptions(streamOptions, options, 'session.stream'));
}

function checkSchemaOptions<Options extends StreamOptions>(options: Options): Options {
  if (options.schemaName !== undefined && options.schema === undefined) {
    throw new InvalidOptionError({ option: 'schemaName', problem: 'names a schema, and there is none' });
  }
  return options;
}

/** @throws {InvalidOptionError} */
export function checkCancelOptions(options: CancelOptions): CancelOptions {
  return checkOptions(cancelOptions, options, 'session.cancel');
}

/** @throws {InvalidOptionError} */
export function checkResumeOptions(options: ResumeOptions): ResumeOptions {
  return checkOptions(resumeOptions, options, 'session.resume');
}

/** @throws {InvalidOptionError} */
export function checkPoolBudget(limits: BudgetOptions | null): BudgetOptions | null {
  return checkOptions(poolBudget, { budget: limits }, 'pool.setBudget').budget;
}

/** @throws {InvalidOptionError} */
export function checkGroupBudget(name: string, limits: BudgetOptions | null): void {
  checkOptions(groupBudget, { name, budget: limits }, 'pool.setGroupBudget');
}

/** @throws {InvalidOptionError} */
export function checkSnapshotRef(at: SnapshotRef | undefined): SnapshotRef | undefined {
  return checkOptions(snapshotPoint, { at }, 'session.snapshot').at;
}

/** @throws {InvalidOptionError} */
export function checkForkOptions(options: ForkOptions): ForkOptions {
  return checkOptions(forkOptions, options, 'session.fork');
}

/** @throws {InvalidOptionError} */
export function checkUndoOptions(options: UndoOptions): UndoOptions {
  return checkOptions(undoOptions, options, 'session.undo');
}

/** @throws {InvalidOptionError} */
export function checkDiffPoints(a: SnapshotRef, b: SnapshotRef | undefined): void {
  checkOptions(diffPoints, { a, b }, 'session.diff');
}

/** @throws {InvalidOptionError} */
export function checkCloseOptions(options: CloseOptions, where: string): CloseOptions {
  return checkOptions(closeOptions, options, where);
}

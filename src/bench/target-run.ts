import type { Clock } from '../clock.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import type { SessionOptions, StreamOptions } from '../pool/options.ts';
import type { SessionPool } from '../pool/pool.ts';
import type { Session } from '../pool/session.ts';
import { NO_USAGE } from '../model/model.ts';
import { serializeError } from '../protocol/serialized-error.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import type { BenchEvent } from './bench-event.ts';
import { conversationAt, type PlannedConversation } from './conversations.ts';
import { addTurnTimes, measure, newTurnTimes } from './measures.ts';
import type { BenchPlan, BenchTarget } from './plan.ts';
import { PromptWatch, type TurnTimes } from './prompt-watch.ts';
import type { Measures, PromptSample } from './result.ts';
import { checkAtOnce, type Outcome } from './run-check.ts';

/** What the runs of all targets share. */
export interface RunContext {
  readonly plan: BenchPlan;
  readonly pool: SessionPool;
  readonly clock: Clock;
  /** Of each scenario. */
  readonly images: readonly BaseImage[];
  /** Who is told of a session's events. */
  readonly watches: Map<string, PromptWatch>;
  /** Ends what is running. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: BenchEvent) => void;
  /** A measured conversation is due. @returns what the times of samples count from, by the clock */
  readonly measureFrom: (dueMs: number) => number;
  /** The budget of all is reached. */
  readonly onBudget: () => void;
}

/** A conversation that has ended well and that a command has to look at. */
export interface PendingCheck {
  readonly conversation: PlannedConversation;
  readonly outcome: Outcome;
}

/** After so many failures, and nothing that went well, the key, the address or the model's name is wrong. */
const HOPELESS_AFTER = 10;

/** How a prompt ended, as far as the target is concerned. */
interface Ended {
  readonly result: PromptResult | null;
  /** See {@link PromptSample.error}. */
  readonly error: string | null;
  readonly message: string;
}

/** Holds the conversations of one target, and keeps what was measured. */
export class TargetRun {
  readonly target: BenchTarget;
  readonly pending: PendingCheck[] = [];
  /** How late each measured conversation began. */
  readonly delaysMs: number[] = [];
  readonly #number: number;
  readonly #model: string;
  readonly #context: RunContext;
  readonly #samples: PromptSample[] = [];
  readonly #times = new Map<string, TurnTimes>();
  readonly #stop = new AbortController();
  #running = 0;
  #cutOff = 0;
  #checked = 0;
  #failures = 0;
  #hasEndedWell = false;
  #gaveUp: string | null = null;

  /** @param number  of the target in the plan, from 0 @param model  as the pool takes it */
  constructor(target: BenchTarget, number: number, model: string, context: RunContext) {
    this.target = target;
    this.#number = number;
    this.#model = model;
    this.#context = context;
  }

  /** Begins no more conversations. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  get samples(): readonly PromptSample[] {
    return this.#samples;
  }

  /** Prompts under way, those of the warm-up included. */
  get running(): number {
    return this.#running;
  }

  /** Measured prompts that were ended from outside. */
  get cutOff(): number {
    return this.#cutOff;
  }

  /** Conversations that no command has looked at yet. */
  get unchecked(): number {
    return this.pending.length - this.#checked;
  }

  /** Why no more were begun; null when it is not so. */
  get gaveUp(): string | null {
    return this.#gaveUp;
  }

  /** No more are begun, for a reason that is not the target's. */
  end(): void {
    this.#stop.abort();
  }

  /** Fails when no conversation of a scenario could be started. @throws what `pool.start` throws */
  async assertStartable(): Promise<void> {
    for (const scenario of this.#context.plan.scenarios) {
      const session = await this.#context.pool.start(
        this.#sessionOptions({ index: 0, scenario, prompts: [], seed: 0 }),
      );
      await session.close();
    }
  }

  /** Holds a conversation. @param dueMs  by the clock: when it should have begun */
  async hold(index: number, dueMs: number): Promise<void> {
    const { plan, pool, clock } = this.#context;
    const conversation = conversationAt(plan, index);
    const isMeasured = index >= 0;
    const startedMs = clock.now();
    if (isMeasured) {
      this.#context.measureFrom(dueMs);
      this.delaysMs.push(startedMs - dueMs);
    }
    let session: Session | undefined;
    this.#running += 1;
    try {
      try {
        session = await pool.start(this.#sessionOptions(conversation));
      } catch (error) {
        const { code, message } = serializeError(error, 'not_started');
        const ended = { result: null, error: code, message };
        this.#keep(conversation, 0, ended, new PromptWatch(undefined), { dueMs, startedMs });
        return;
      }
      for (const prompt of conversation.prompts.keys()) {
        const nowMs = clock.now();
        const times = prompt === 0 ? { dueMs, startedMs } : { dueMs: nowMs, startedMs: nowMs };
        if (!(await this.#send(session, conversation, prompt, times))) return;
      }
    } finally {
      this.#running -= 1;
      await session?.close({ deadlineMs: 0 });
    }
  }

  /** The figures, of all scenarios and of each. @param durationMs  what a second is counted over */
  measures(durationMs: number): {
    readonly measures: Measures;
    readonly scenarios: readonly { readonly name: string; readonly measures: Measures }[];
  } {
    const scenarios = this.#context.plan.scenarios.map(({ name }) => {
      const samples = this.#samples.filter(({ scenario }) => scenario === name);
      return { name, measures: measure(samples, this.#timesOf(name), durationMs) };
    });
    return { measures: measure(this.#samples, this.turnTimes, durationMs), scenarios };
  }

  get turnTimes(): TurnTimes {
    return addTurnTimes([...this.#times.values()]);
  }

  /** What a command has said of a conversation. */
  checked({ index, scenario }: PlannedConversation, problem: string | null): void {
    this.#checked += 1;
    const at = this.#samples.findLastIndex((sample) => sample.index === index);
    const passed = problem === null;
    this.#samples[at] = { ...this.#samples[at]!, passed, checkMessage: problem };
    const { name: target } = this.target;
    this.#context.onEvent({
      type: 'checked',
      target,
      scenario: scenario.name,
      index,
      passed,
      message: problem,
    });
  }

  /** Sends one prompt. @returns whether the next one may follow */
  async #send(
    session: Session,
    conversation: PlannedConversation,
    prompt: number,
    times: { readonly dueMs: number; readonly startedMs: number },
  ): Promise<boolean> {
    const { watches, signal, plan } = this.#context;
    const { scenario, index, prompts } = conversation;
    const watch = new PromptWatch(index >= 0 ? this.#timesOf(scenario.name) : undefined);
    watches.set(session.id, watch);
    const options: StreamOptions = {
      signal,
      ...(plan.timeoutMs === null ? {} : { timeoutMs: plan.timeoutMs }),
      ...(scenario.schema && prompt === prompts.length - 1 ? { schema: scenario.schema } : {}),
    };
    let ended: Ended;
    try {
      ended = endOf(await session.prompt(prompts[prompt]!, options));
    } catch (error) {
      const { code, message } = serializeError(error, 'prompt_failed');
      ended = { result: null, error: code, message };
    } finally {
      watches.delete(session.id);
    }
    return this.#keep(conversation, prompt, ended, watch, times);
  }

  /** @returns whether the conversation may go on */
  #keep(
    conversation: PlannedConversation,
    prompt: number,
    ended: Ended,
    watch: PromptWatch,
    times: { readonly dueMs: number; readonly startedMs: number },
  ): boolean {
    const { clock, onEvent, measureFrom, signal, onBudget } = this.#context;
    const { index, scenario, prompts } = conversation;
    const { error, result } = ended;
    const endedMs = watch.endedAtMs ?? clock.now();
    const isOverBudget = result?.stopReason === 'budget';
    if (isOverBudget) onBudget();
    // Ended from outside, it says nothing of the target.
    if (isOverBudget || (signal.aborted && error !== null)) {
      if (index >= 0) this.#cutOff += 1;
      return false;
    }
    this.#look(ended);
    const { name: target } = this.target;
    if (index < 0) {
      onEvent({ type: 'warmed-up', target, error });
      return error === null;
    }
    const fromMs = measureFrom(times.dueMs);
    const { inputTokens, outputTokens, cachedTokens, cost } = result?.usage ?? NO_USAGE;
    const isLast = error !== null || prompt === prompts.length - 1;
    const sample: PromptSample = {
      target,
      scenario: scenario.name,
      index,
      prompt,
      dueAtMs: times.dueMs - fromMs,
      startedAtMs: times.startedMs - fromMs,
      endedAtMs: endedMs - fromMs,
      firstTokenMs: watch.firstTokenAtMs === undefined ? null : watch.firstTokenAtMs - times.dueMs,
      betweenTokensMs: watch.betweenTokensMs,
      turns: result?.turns ?? 0,
      inputTokens,
      outputTokens,
      cachedTokens,
      usd: cost.usd,
      unpricedTurns: cost.unpriced,
      gateWaitMs: watch.gateWaitMs,
      threadWaitMs: watch.threadWaitMs,
      retries: watch.retries,
      rateLimited: watch.rateLimited,
      stopReason: result?.stopReason ?? 'not-started',
      error,
      ...(isLast ? this.#check(conversation, ended) : { passed: null, checkMessage: null }),
    };
    this.#samples.push(sample);
    onEvent({ type: 'prompt-ended', sample });
    return !isLast;
  }

  /** What can be said of a conversation now; what its command says comes later. */
  #check(
    conversation: PlannedConversation,
    { result, error }: Ended,
  ): Pick<PromptSample, 'passed' | 'checkMessage'> {
    const { check } = conversation.scenario;
    if (!check) return { passed: null, checkMessage: null };
    if (error !== null || !result)
      return { passed: false, checkMessage: `the conversation failed: ${error}` };
    const outcome = { reply: result.reply, files: result.files };
    const problem = checkAtOnce(check, outcome);
    if (problem === null && check.command) {
      this.pending.push({ conversation, outcome });
      return { passed: null, checkMessage: null };
    }
    return { passed: problem === null, checkMessage: problem };
  }

  /** Gives the target up where there is no hope. */
  #look({ result, error, message }: Ended): void {
    if (error === null) this.#hasEndedWell = true;
    // Others, such as a timeout, may be what is to be measured.
    else if (!result || result.stopReason === 'model-error') this.#failures += 1;
    if (this.#hasEndedWell || this.#failures < HOPELESS_AFTER || this.#gaveUp !== null) return;
    this.#gaveUp = message;
    this.#stop.abort();
    this.#context.onEvent({ type: 'target-given-up', target: this.target.name, message });
  }

  #timesOf(scenario: string): TurnTimes {
    let times = this.#times.get(scenario);
    if (!times) this.#times.set(scenario, (times = newTurnTimes()));
    return times;
  }

  #sessionOptions({ index, scenario, seed }: PlannedConversation): SessionOptions {
    const { plan, images } = this.#context;
    const { system, modelOptions } = this.target;
    const systems = [system, scenario.system].filter((text) => text !== null);
    return {
      id: `${this.#number}/${index}`,
      model: this.#model,
      base: images[plan.scenarios.indexOf(scenario)]!,
      modelOptions: { ...modelOptions, ...(plan.sendSeed ? { seed } : {}) },
      skills: scenario.skills,
      ...(systems.length > 0 ? { system: systems.join('\n\n') } : {}),
      ...(scenario.tools === null ? {} : { tools: scenario.tools }),
      ...(scenario.maxTurns === null ? {} : { maxTurns: scenario.maxTurns }),
    };
  }
}

function endOf(result: PromptResult): Ended {
  const { stopReason, error } = result;
  if (stopReason === 'end') return { result, error: null, message: '' };
  return { result, error: error?.kind ?? error?.code ?? stopReason, message: error?.message ?? stopReason };
}

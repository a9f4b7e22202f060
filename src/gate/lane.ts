import type { Clock } from '../clock.ts';
import { ModelError, type ModelErrorKind } from '../errors.ts';
import type { RateLimits, Usage } from '../model/model.ts';
import type { GateRequest, GateWait, LaneId, Permit, Setback, WaitReason } from './admission.ts';
import { Allowance } from './allowance.ts';
import { Breaker } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import { FairQueue } from './fair-queue.ts';
import { InFlightLimit } from './in-flight-limit.ts';
import { LanePermit, type PermitIssuer } from './lane-permit.ts';
import type { LaneStats } from './lane-stats.ts';
import type { Waiter } from './waiter.ts';
import { WarmPrefixes } from './warm-prefixes.ts';

export interface LaneOptions {
  readonly clock: Clock;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  readonly maxRetryAfterMs: number;
}

/** A request longer than this is not waited for by those that begin like it. */
const MAX_WARMING_MS = 10_000;
/** How long a request takes, while none has ended. */
const TYPICAL_MS = 5_000;

interface Obstacle {
  readonly reason: WaitReason;
  /** Until it is worth looking again; null when somebody else's end will say. */
  readonly waitMs: number | null;
}

/** Requests of one key and model on their way to the provider: lets through as many as it takes, fairly, and learns how many that are. */
export class Lane implements PermitIssuer {
  readonly #id: LaneId;
  readonly #clock: Clock;
  readonly #inFlightLimit: InFlightLimit;
  readonly #requests: Allowance;
  readonly #tokens: Allowance;
  readonly #cooldown: Cooldown;
  readonly #breaker = new Breaker();
  readonly #queue = new FairQueue<Waiter>();
  readonly #prefixes = new WarmPrefixes<Waiter>();
  /** Oldest first. */
  readonly #waiting = new Set<Waiter>();
  readonly #underWay = new Set<LanePermit>();
  /** Of those under way, those that the provider has begun to answer. */
  #answered = 0;
  /** When as many as may be were under way, last, and when the limit was halved. */
  #fullAt = -Infinity;
  #cutAt = -Infinity;
  /** The one request that may go while the lane finds out whether it works. */
  #probe: LanePermit | undefined;
  #order = 0;
  #rateLimited = 0;
  #typicalMs: number | undefined;
  /** The failure that the breaker opened for, or the next one after. */
  #lastFailure: { readonly kind: ModelErrorKind; readonly message: string } | undefined;
  #wakeAt = Infinity;
  #stopWake: () => void = () => undefined;
  #isClosed = false;

  constructor(id: LaneId, { clock, random, maxRetryAfterMs }: LaneOptions) {
    const { limits } = id;
    this.#id = id;
    this.#clock = clock;
    this.#inFlightLimit = new InFlightLimit({ max: limits.maxInFlight, start: limits.startInFlight });
    this.#requests = new Allowance(limits.requestsPerMinute);
    this.#tokens = new Allowance(limits.tokensPerMinute);
    this.#cooldown = new Cooldown({ maxRetryAfterMs, random });
  }

  /** Nobody uses it now. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  /** Why a request that came now would be refused; undefined when it would wait or go. */
  get refusal(): ModelError | undefined {
    const refusal = this.#cooldown.refusal(this.#clock.now());
    if (!refusal) return undefined;
    const until = new Date(this.#clock.epochMs() + refusal.askedUntil - this.#clock.now()).toISOString();
    return this.#error(
      'rate-limited',
      `rate limited until ${until}: the provider asked to wait ${seconds(refusal.askedMs)}, which is longer than models.maxRetryAfterMs`,
      refusal.askedUntil - this.#clock.now(),
    );
  }

  /** Why whoever can go elsewhere should; undefined when the provider works, or when it is worth a try. */
  get unavailability(): ModelError | undefined {
    const breaker = this.#breaker.state(this.#clock.now());
    const isDown = breaker === 'open' || (breaker === 'half-open' && this.#probe !== undefined);
    if (!isDown) return this.refusal;
    const last = this.#lastFailure;
    return this.#error(
      last?.kind ?? 'connect',
      `the provider does not work; last: ${last?.message ?? 'unknown'}`,
    );
  }

  /** @throws {ModelError} by rejection, see `Gate.admit` */
  admit(request: GateRequest): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const refusal = request.hasAlternative ? this.unavailability : this.refusal;
      if (request.signal.aborted) return reject(cancelled());
      if (refusal) return reject(refusal);
      const waiter: Waiter = {
        request,
        sessionId: request.sessionId,
        priority: request.priority,
        startTag: 0,
        order: 0,
        heapIndex: -1,
        arrivedAt: this.#clock.now(),
        isHeld: false,
        told: undefined,
        resolve,
        reject,
        stop: () => undefined,
      };
      this.#waiting.add(waiter);
      this.#queue.add(waiter);
      this.#pump();
      if (!this.#waiting.has(waiter)) return;
      const stopTimer = this.#clock.after(request.maxWaitMs, () => this.#giveUp(waiter));
      const cancel = (): void => this.#refuse(waiter, cancelled());
      request.signal.addEventListener('abort', cancel, { once: true });
      waiter.stop = () => {
        stopTimer();
        request.signal.removeEventListener('abort', cancel);
      };
      this.#tell(waiter);
    });
  }

  stats(): LaneStats {
    const now = this.#clock.now();
    const waiting = { interactive: 0, batch: 0 };
    for (const { priority } of this.#waiting) waiting[priority] += 1;
    const [oldest] = this.#waiting;
    return {
      provider: this.#id.provider,
      model: this.#id.model,
      inFlight: this.#underWay.size,
      maxInFlight: this.#inFlightLimit.limit,
      waiting,
      requestsPerMinute: this.#requests.perMinute,
      tokensPerMinute: this.#tokens.perMinute,
      pausedForMs: this.#cooldown.remainingMs(now),
      breaker: this.#breaker.state(now),
      requests: this.#order,
      rateLimited: this.#rateLimited,
      longestWait: oldest ? { waitedMs: now - oldest.arrivedAt, reason: this.#waitOf(oldest).reason } : null,
    };
  }

  /** Ends every wait. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting) this.#refuse(waiter, cancelled());
    this.#wakeIn(null);
  }

  began(permit: LanePermit, limits: RateLimits | null): void {
    const now = this.#clock.now();
    this.#answered += 1;
    this.#requests.accepted(permit.requests, limits?.requests, now);
    this.#tokens.accepted(permit.tokens, limits?.tokens, now);
    this.#inFlightLimit.began(this.#underWay.size, this.#answered);
    this.#cooldown.end(permit.order);
    this.#breaker.answers(permit.order);
    this.#noProbe(permit);
    permit.stopWarming();
    const { prefix } = permit.waiter.request;
    if (prefix !== undefined) this.#letGo(this.#prefixes.answered(prefix, now));
    this.#pump();
  }

  succeeded(permit: LanePermit, usage: Usage): void {
    const now = this.#clock.now();
    const tookMs = now - permit.sentAt;
    this.#typicalMs = this.#typicalMs === undefined ? tookMs : 0.8 * this.#typicalMs + 0.2 * tookMs;
    this.#tokens.correct(usage.totalTokens - permit.waiter.request.estimatedTokens, now);
    this.#breaker.worked(permit.order);
    this.#over(permit);
  }

  failed(permit: LanePermit, error: ModelError): Setback {
    const now = this.#clock.now();
    const { order } = permit;
    switch (error.kind) {
      case 'rate-limited':
        this.#rejected(permit, error);
        break;
      case 'overloaded':
      case 'connect':
      case 'timeout':
      case 'server':
        this.#lastFailure = error;
        // One alone was not too many: it finds out whether the provider works again, perhaps for the tenth time.
        if (error.kind === 'overloaded' && this.#underWay.size > 1)
          this.#inFlightLimit.halve(order, this.#order);
        if (error.retryAfterMs) {
          this.#cooldown.pause(order, this.#order, error.retryAfterMs, now);
          this.#refuseAll();
        }
        this.#breaker.failed(order, this.#order, now);
        this.#sendElsewhere();
        break;
      case 'cancelled':
        break;
      default:
        // The provider lives, and has found fault with what it was asked, or with its own answer.
        if (error.status !== undefined) permit.answered(error.limits ?? null);
        this.#breaker.worked(order);
    }
    this.#over(permit);
    const isDown = this.#breaker.state(now) !== 'closed' && BREAKER_KINDS.has(error.kind);
    return {
      isLanes: error.kind === 'rate-limited' || isDown,
      pausedForMs: Math.max(this.#cooldown.remainingMs(now), this.#breaker.remainingMs(now)),
    };
  }

  released(permit: LanePermit): void {
    const now = this.#clock.now();
    this.#requests.giveBack(1, now);
    this.#tokens.giveBack(permit.waiter.request.estimatedTokens, now);
    this.#queue.refund(permit.waiter);
    this.#over(permit);
  }

  #rejected(permit: LanePermit, error: ModelError): void {
    const now = this.#clock.now();
    const { order } = permit;
    const latest = this.#order;
    this.#rateLimited += 1;
    this.#requests.rejected(permit.requests, error.limits?.requests, now);
    this.#tokens.rejected(permit.tokens, error.limits?.tokens, now);
    // Whatever it says, it says something.
    this.#breaker.answers(order);
    this.#queue.refund(permit.waiter);
    const askedMs = error.retryAfterMs;
    if (this.#isCrowded(permit, error)) {
      if (this.#inFlightLimit.halve(order, latest)) this.#cutAt = now;
      // The ends of others make room; where none is being answered there is only time to go by.
      if (this.#answered === 0 || askedMs !== undefined) this.#cooldown.pause(order, latest, askedMs, now);
    } else {
      if (!this.#cooldown.isStraggler(order)) {
        if (this.#cooldown.isProbing) this.#requests.confirmSlowDown(now);
        else this.#requests.slowDown(now, askedMs !== undefined);
      }
      this.#cooldown.pause(order, latest, askedMs, now);
    }
    this.#refuseAll();
  }

  /** Nobody waits for a provider that has asked for more patience than there is. */
  #refuseAll(): void {
    const { refusal } = this;
    if (refusal) for (const waiter of this.#waiting) this.#refuse(waiter, refusal);
  }

  /** Whether a rejection was for too many requests at once, and not for too many a minute. */
  #isCrowded(permit: LanePermit, { limits, retryAfterMs = 0 }: ModelError): boolean {
    if (limits?.requests?.remaining === 0 || limits?.tokens?.remaining === 0) return false;
    // Places come free as requests end: a provider that asks for longer than that means something else.
    const typicalMs = this.#typicalMs ?? TYPICAL_MS;
    if (retryAfterMs > Math.max(1_000, typicalMs)) return false;
    // It was not the limit that held requests back.
    if (this.#fullAt < permit.sentAt) return false;
    // The last suspicion has made room, and that was not it. (What was sent before it tells nothing new.)
    const cutMs = this.#clock.now() - this.#cutAt;
    if (permit.sentAt > this.#cutAt && cutMs < 2 * typicalMs) return false;
    return this.#inFlightLimit.isSuspect(this.#underWay.size, this.#answered);
  }

  /** Lets through whoever may go. */
  #pump(): void {
    const toTell: Waiter[] = [];
    for (;;) {
      const waiter = this.#queue.peek();
      const obstacle = waiter && this.#obstacle(waiter);
      if (!waiter || obstacle || this.#isClosed) {
        this.#wakeIn(obstacle?.waitMs ?? null);
        break;
      }
      const { prefix } = waiter.request;
      if (prefix !== undefined && this.#prefixes.isWarming(prefix, this.#clock.now())) {
        this.#queue.setAside(waiter);
        this.#prefixes.hold(prefix, waiter);
        waiter.isHeld = true;
        toTell.push(waiter);
      } else {
        this.#send(waiter);
      }
    }
    // Last, since a listener may do anything. Who is new here is told by `admit`.
    for (const waiter of toTell) if (waiter.told !== undefined) this.#tell(waiter);
  }

  #send(waiter: Waiter): void {
    const now = this.#clock.now();
    const { request } = waiter;
    this.#queue.take(waiter);
    this.#leave(waiter);
    const order = (this.#order += 1);
    const permit = new LanePermit(this, {
      waiter,
      order,
      sentAt: now,
      waitedMs: now - waiter.arrivedAt,
      requests: this.#requests.take(1, order, now),
      tokens: this.#tokens.take(request.estimatedTokens, order, now),
    });
    this.#underWay.add(permit);
    if (this.#underWay.size >= this.#inFlightLimit.limit) this.#fullAt = now;
    if (this.#isProbing(now)) this.#probe = permit;
    const { prefix } = request;
    if (prefix !== undefined) {
      const wasWarming = this.#prefixes.isWarming(prefix, now);
      this.#prefixes.sent(prefix, permit, now);
      if (!wasWarming && this.#prefixes.isWarming(prefix, now)) this.#limitWarming(permit, prefix);
    }
    waiter.resolve(permit);
  }

  /** A leader that gets no answer does not keep the others for long. */
  #limitWarming(permit: LanePermit, prefix: string): void {
    const letGo = (): void => {
      this.#letGo(this.#prefixes.answered(prefix, this.#clock.now()));
      this.#pump();
    };
    permit.stopWarming = this.#clock.after(MAX_WARMING_MS, letGo);
  }

  #isProbing(now: number): boolean {
    return this.#cooldown.isProbing || this.#breaker.state(now) === 'half-open';
  }

  /** What keeps the first in the queue; undefined when nothing does. */
  #obstacle({ request }: Waiter): Obstacle | undefined {
    const now = this.#clock.now();
    const breaker = this.#breaker.state(now);
    if (breaker === 'open') return { reason: 'breaker', waitMs: this.#breaker.remainingMs(now) };
    if (breaker === 'half-open' && this.#probe) return { reason: 'breaker', waitMs: null };
    const pausedMs = this.#cooldown.remainingMs(now);
    if (pausedMs > 0) return { reason: 'paused', waitMs: pausedMs };
    if (this.#cooldown.isProbing && this.#probe) return { reason: 'paused', waitMs: null };
    if (this.#underWay.size >= this.#inFlightLimit.limit) return { reason: 'in-flight', waitMs: null };
    const requestsMs = this.#requests.waitMs(1, now);
    if (requestsMs > 0) return { reason: 'requests', waitMs: requestsMs };
    const tokensMs = this.#tokens.waitMs(request.estimatedTokens, now);
    if (tokensMs > 0) return { reason: 'tokens', waitMs: tokensMs };
    return undefined;
  }

  #waitOf(waiter: Waiter): GateWait {
    if (waiter.isHeld) return { reason: 'warming', expectedMs: null };
    const first = this.#queue.peek() ?? waiter;
    const obstacle = this.#obstacle(first);
    if (!obstacle) return { reason: 'in-flight', expectedMs: null };
    const { reason, waitMs } = obstacle;
    const { perMinute } = this.#requests;
    if (waitMs === null) return { reason, expectedMs: null };
    const others = perMinute === null ? 0 : ((this.#queue.size - 1) * 60_000) / perMinute;
    return { reason, expectedMs: waitMs + others };
  }

  #tell(waiter: Waiter): void {
    const wait = this.#waitOf(waiter);
    waiter.told = wait.reason;
    waiter.request.onWait?.(wait);
  }

  #giveUp(waiter: Waiter): void {
    const { reason } = this.#waitOf(waiter);
    const kind = reason === 'breaker' ? (this.#lastFailure?.kind ?? 'connect') : 'rate-limited';
    const last = reason === 'breaker' && this.#lastFailure ? `; last: ${this.#lastFailure.message}` : '';
    const waited = seconds(this.#clock.now() - waiter.arrivedAt);
    this.#refuse(
      waiter,
      this.#error(kind, `gave up after ${waited} of waiting ${WAITED_FOR[reason]}${last}`),
    );
  }

  #refuse(waiter: Waiter, error: ModelError): void {
    if (!this.#waiting.has(waiter)) return;
    const { prefix } = waiter.request;
    if (waiter.isHeld && prefix !== undefined) this.#prefixes.drop(prefix, waiter);
    else this.#queue.remove(waiter);
    this.#leave(waiter);
    waiter.reject(error);
    // It may have been the one that was to go ahead.
    if (prefix !== undefined) this.#letGo(this.#prefixes.next(prefix));
    this.#pump();
  }

  /** Who can go elsewhere does not wait for a provider that is down. */
  #sendElsewhere(): void {
    if (this.#breaker.state(this.#clock.now()) !== 'open') return;
    const { unavailability } = this;
    if (!unavailability) return;
    for (const waiter of this.#waiting) {
      if (waiter.request.hasAlternative) this.#refuse(waiter, unavailability);
    }
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    waiter.stop();
  }

  #letGo(held: readonly Waiter[]): void {
    for (const waiter of held) {
      waiter.isHeld = false;
      this.#queue.putBack(waiter);
    }
  }

  #noProbe(permit: LanePermit): void {
    if (this.#probe === permit) this.#probe = undefined;
  }

  #over(permit: LanePermit): void {
    this.#underWay.delete(permit);
    this.#noProbe(permit);
    if (permit.hasBegun) this.#answered -= 1;
    if (!permit.hasBegun) {
      this.#requests.unanswered(permit.requests);
      this.#tokens.unanswered(permit.tokens);
    }
    permit.stopWarming();
    const { prefix } = permit.waiter.request;
    if (prefix !== undefined) this.#letGo(this.#prefixes.failed(prefix, permit));
    this.#pump();
  }

  #wakeIn(waitMs: number | null): void {
    const at = waitMs === null ? Infinity : this.#clock.now() + waitMs;
    if (at === this.#wakeAt) return;
    this.#stopWake();
    this.#wakeAt = at;
    this.#stopWake =
      waitMs === null
        ? () => undefined
        : this.#clock.after(waitMs, () => {
            this.#wakeAt = Infinity;
            this.#pump();
          });
  }

  #error(kind: ModelErrorKind, what: string, retryAfterMs?: number): ModelError {
    const message = `${this.#id.provider}: ${what} (${this.#id.model})`;
    return new ModelError({ kind, message, retryable: true, retryAfterMs });
  }
}

/** Failures by which a provider shows that it is down. */
const BREAKER_KINDS: ReadonlySet<ModelErrorKind> = new Set(['connect', 'timeout', 'server', 'overloaded']);

const WAITED_FOR: Readonly<Record<WaitReason, string>> = {
  requests: 'for the requests a minute that the provider takes',
  tokens: 'for the tokens a minute that the provider takes',
  'in-flight': 'for one of the requests under way to end',
  paused: 'for the pause that the provider asked for',
  breaker: 'for the provider to work again',
  warming: 'for another request with the same beginning',
};

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function cancelled(): ModelError {
  return new ModelError({ kind: 'cancelled', message: 'the model call was cancelled' });
}

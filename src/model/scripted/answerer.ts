import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Api } from './api.ts';
import type { Script } from './compile-script.ts';
import type { Conversation } from './conversation.ts';
import { failInstead, sendHuge, sinkFor } from './faults.ts';
import { Limiter, type Lane } from './limiter.ts';
import { play, type Sink } from './player.ts';
import { PromptCache, type CacheRead } from './prompt-cache.ts';
import { tokensIn } from './reply-usage.ts';
import { hashOf, makeReply, type Reply } from './reply.ts';
import { readBody, RequestError, type ApiRequest } from './request-body.ts';
import { sendBody, sendHead } from './respond.ts';
import { RuleBook, type Choice } from './rule-book.ts';
import { ServerStats, type RequestTally, type ScriptedModelStats } from './server-stats.ts';
import { Storm } from './storm.ts';
import { limitHeaders, refusalBody, refusalHeaders } from './tell-limits.ts';
import { TimerWheel } from './timer-wheel.ts';

/** Answers the requests of one server: through its storm and its limits, by its rules, from its cache. */
export class Answerer {
  readonly #script: Script;
  readonly #seed: number;
  readonly #book: RuleBook;
  readonly #limiter: Limiter;
  readonly #cache: PromptCache | undefined;
  readonly #storm: Storm;
  readonly #stats: ServerStats;
  readonly #wheel = new TimerWheel();

  constructor(script: Script, seed: number) {
    this.#script = script;
    this.#seed = seed;
    this.#book = new RuleBook(script);
    this.#limiter = new Limiter(script.limits);
    this.#cache = script.cache && new PromptCache(script.cache);
    this.#storm = new Storm(script.storm);
    this.#stats = new ServerStats(this.#limiter.minuteMs);
  }

  get requestCount(): number {
    return this.#stats.requests;
  }

  get stats(): ScriptedModelStats {
    return this.#stats.read();
  }

  startStorm(atMs: number): void {
    this.#storm.start(atMs);
  }

  close(): void {
    this.#wheel.clear();
  }

  /** @throws {RequestError} when it cannot be answered; {@link ScriptRunError}, or whatever a function of the script throws */
  async answer(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tallyOf = this.#stats.request();
    const body = await readBody(request);
    const asked = api.read(body);
    const { conversation } = asked;
    const tally = tallyOf(conversation.first);
    const storm = this.#storm.strike(() => hashOf(conversation, this.#seed));
    if (storm) tally.struck();
    if (storm && failInstead(storm, conversation, request, response)) return;

    const key = request.headers.authorization ?? '';
    const estimate = tokensIn(body.length);
    const lane = this.#admit(key, conversation.model, estimate, tally, response);
    if (!lane) return;
    const cache = this.#cache?.read(`${key}\n${conversation.model}`, asked.tools, conversation.messages);
    const reply = makeReply(this.#choose(conversation), conversation, {
      seed: this.#seed,
      inputChars: body.length,
      cache,
      prices: this.#script.prices,
      fault: storm,
    });
    if (failInstead(reply.fault, conversation, request, response)) return;
    if (reply.usage) {
      const { input, output, cached = 0 } = reply.usage;
      this.#limiter.settle(lane, input + output - estimate);
      tally.tokens(input + output, cached);
    }
    setHeaders(response, limitHeaders(this.#limiter, lane));
    this.#send(api, asked, reply, cache, response);
  }

  /** @returns undefined when the request was refused for a limit, and answered so */
  #admit(
    key: string,
    model: string,
    tokens: number,
    tally: RequestTally,
    response: ServerResponse,
  ): Lane | undefined {
    const verdict = this.#limiter.admit(key, model, tokens);
    const { lane } = verdict;
    if (!verdict.admitted) {
      tally.rateLimited(verdict.reason);
      setHeaders(response, limitHeaders(this.#limiter, lane));
      sendBody(
        response,
        429,
        refusalBody(this.#limiter, verdict, tokens, model),
        refusalHeaders(this.#limiter, verdict),
      );
      return undefined;
    }
    tally.admitted();
    response.once('close', () => {
      lane.open--;
      tally.answered();
    });
    return lane;
  }

  #choose(conversation: Conversation): Choice {
    const choice = this.#book.choose(conversation);
    if (choice) return choice;
    throw new RequestError(
      400,
      'no_rule_matched',
      `No rule of the script matches. The last message, by "${conversation.lastRole}": ${shortened(conversation.last)}`,
    );
  }

  #send(
    api: Api,
    { stream, included }: ApiRequest,
    reply: Reply,
    cache: CacheRead | undefined,
    response: ServerResponse,
  ): void {
    const { fault } = reply;
    if (fault.hugeLine !== undefined) {
      sendHuge(api.huge(reply), fault.hugeLine, response);
      return;
    }
    sendHead(response, stream ? 'text/event-stream' : 'application/json');
    const frames = stream ? api.stream(reply, included) : api.whole(reply, included);
    const sink = sinkFor(fault, response);
    play(frames, response, this.#wheel, cache ? new BeginningSink(sink, cache) : sink);
  }
}

/** Tells the cache when the answer begins. */
class BeginningSink implements Sink {
  readonly #sink: Sink;
  #cache: CacheRead | undefined;

  constructor(sink: Sink, cache: CacheRead) {
    this.#sink = sink;
    this.#cache = cache;
  }

  write(data: string): void {
    this.#begin();
    this.#sink.write(data);
  }

  end(data: string): void {
    this.#begin();
    this.#sink.end(data);
  }

  #begin(): void {
    this.#cache?.begin();
    this.#cache = undefined;
  }
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function shortened(text: string): string {
  const json = JSON.stringify(text);
  return json.length <= 200 ? json : `${json.slice(0, 200)}… (${text.length} characters)`;
}

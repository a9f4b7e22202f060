/** One message of a request, in the form of Chat Completions, as far as scripts look at it. */
export interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly MessageCall[];
  readonly tool_call_id?: string;
  readonly name?: string;
}

export interface MessageCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** The schema that a request wants its answer to have. */
export interface RequestedSchema {
  readonly name: string;
  /** Where the request names it, as errors say it. */
  readonly parameter: 'response_format' | 'text.format';
  readonly definition: unknown;
}

/** A request seen as a conversation. Everything is looked up when asked for: most rules need little of it. */
export class Conversation {
  readonly model: string;
  readonly messages: readonly Message[];

  readonly schema: RequestedSchema | undefined;
  readonly #tools: unknown;

  /** @param tools  as they came, in the form of either API */
  constructor(model: string, messages: readonly Message[], schema?: RequestedSchema, tools?: unknown) {
    this.model = model;
    this.messages = messages;
    this.schema = schema;
    this.#tools = tools;
  }

  /** Names of the tools that the request offers. */
  get tools(): readonly string[] {
    if (!Array.isArray(this.#tools)) return [];
    return this.#tools.map(nameOfTool).filter((name) => name !== undefined);
  }

  /** The last user message; '' when there is none. */
  get user(): string {
    return contentOf(this.messages[this.#lastUserIndex()]);
  }

  /** Images in the last user message. */
  get images(): number {
    const content = this.messages[this.#lastUserIndex()]?.content;
    return Array.isArray(content) ? content.filter(isImage).length : 0;
  }

  /** The first user message; '' when there is none. */
  get first(): string {
    return contentOf(this.messages.find((message) => message.role === 'user'));
  }

  /** All system and developer messages. */
  get system(): string {
    return this.messages
      .filter(({ role }) => role === 'system' || role === 'developer')
      .map(contentOf)
      .join('\n');
  }

  get last(): string {
    return contentOf(this.messages.at(-1));
  }

  get lastRole(): string {
    return this.messages.at(-1)?.role ?? '';
  }

  /** The tool whose result is the last message. */
  get tool(): string | undefined {
    const message = this.messages.at(-1);
    if (message?.role !== 'tool') return undefined;
    return this.callOf(message)?.function.name ?? message.name;
  }

  /** Assistant messages since the last user message. */
  get turn(): number {
    let turns = 0;
    for (let i = this.messages.length - 1; i >= 0 && this.messages[i]!.role !== 'user'; i--) {
      if (this.messages[i]!.role === 'assistant') turns++;
    }
    return turns;
  }

  /** Places that rewrites changed so far. Calls that failed do not count. */
  get changes(): number {
    let changes = 0;
    for (const message of this.messages) {
      if (message.role !== 'tool' || contentOf(message).startsWith('Error')) continue;
      changes += placesIn(message.tool_call_id ?? '');
    }
    return changes;
  }

  /** The call that a tool message answers: the nearest before it with its id. */
  callOf(result: Message): MessageCall | undefined {
    for (let i = this.messages.lastIndexOf(result) - 1; i >= 0; i--) {
      const call = this.messages[i]!.tool_calls?.find(({ id }) => id === result.tool_call_id);
      if (call) return call;
    }
    return undefined;
  }

  #lastUserIndex(): number {
    return this.messages.findLastIndex((message) => message.role === 'user');
  }
}

/** Chat Completions has it in the function, Responses beside it. */
function nameOfTool(
  tool: { name?: unknown; function?: { name?: unknown } | null } | null,
): string | undefined {
  const name = tool?.function?.name ?? tool?.name;
  return typeof name === 'string' ? name : undefined;
}

/** A message's text; the text parts of a content list, one after the other. */
export function contentOf(message: Message | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: { text?: unknown } | null) => (typeof part?.text === 'string' ? part.text : ''))
    .join('');
}

function isImage(part: { type?: unknown } | null): boolean {
  return part?.type === 'image_url' || part?.type === 'input_image';
}

/**
 * The id of a call that changes so many places. The number travels in the id, since the conversation is the only
 * memory that a stateless server has.
 */
export function callId(unique: string, places: number): string {
  return places === 0 ? `call_${unique}` : `call_${unique}_c${places}`;
}

function placesIn(id: string): number {
  const places = /^call_[0-9a-z]+_c(\d+)$/.exec(id)?.[1];
  return places === undefined ? 0 : Number(places);
}

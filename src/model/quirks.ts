import type { ResolvedProvider } from './model.ts';

/** Which of OpenAI's two protocols a provider is spoken to in. */
export type ApiName = 'chat' | 'responses';

/** Where providers of one protocol differ, as data: everything that is written or read otherwise follows from these. */
export interface Quirks {
  readonly api: ApiName;
  /** The system text goes with the role `developer`. */
  readonly developerRole: boolean;
  /** The one name of the output limit that is understood; the other is translated. `any`: as the user wrote it. */
  readonly tokenField: 'any' | 'max_tokens' | 'max_completion_tokens';
  /** Takes `strict` with functions and with schemas. */
  readonly strict: boolean;
  /** Has to be asked for usage at the end of a stream, and takes `stream_options`. */
  readonly usageInStream: boolean;
  /** Wants the tool's `name` with each result. */
  readonly toolResultName: boolean;
  /** Refuses a user's message right after a tool's result: an assistant's is put between. */
  readonly assistantAfterTool: boolean;
  /** Takes `parallel_tool_calls`; elsewhere the option is left out. */
  readonly parallelToolCalls: boolean;
  /** Ids of tool calls that it takes. Others are written as a hash of themselves, always the same. */
  readonly toolCallIds: 'any' | 'max-40' | 'nine-alphanumerics';
  /** `[DONE]`, without a finish reason, ends a response. */
  readonly lenientEnd: boolean;
  /**
   * How its own reasoning goes back to it with the history: not at all, in one of three fields of the message, or (Responses
   * API) as the items that it came in.
   */
  readonly reasoningBack: 'none' | 'reasoning_content' | 'reasoning' | 'reasoning_details' | 'output_items';
  /** Gives its reasoning encrypted when asked to (Responses API); one that cannot refuses the question. */
  readonly encryptedReasoning: boolean;
  /** Caches a prompt up to where it is marked: the system text and the last message are. */
  readonly cacheControl: 'none' | 'anthropic';
  /** The most that it takes as `response_format`. */
  readonly responseFormat: 'json_schema' | 'json_object' | 'none';
  /** Takes images in a user's message. */
  readonly images: boolean;
}

/** What a user may set of them; `api` has an option of its own. */
export type QuirkOptions = Partial<Omit<Quirks, 'api'>>;

/** A server of which nothing is known: vLLM, llama.cpp and their like. Nothing that some of them refuse is sent unasked. */
export const GENERIC: Quirks = {
  api: 'chat',
  developerRole: false,
  tokenField: 'any',
  strict: false,
  usageInStream: true,
  toolResultName: false,
  assistantAfterTool: false,
  parallelToolCalls: true,
  toolCallIds: 'any',
  lenientEnd: false,
  reasoningBack: 'none',
  encryptedReasoning: false,
  cacheControl: 'none',
  responseFormat: 'json_schema',
  images: true,
};

interface Row {
  /** Of the base URL's host name. */
  readonly host?: RegExp;
  /** The name of a built-in provider, whatever its URL. */
  readonly provider?: string;
  /** Of the provider's own name for the model. */
  readonly model?: RegExp;
  readonly quirks: Partial<Quirks>;
}

/** OpenAI's models that reason, under whatever prefix; the `chat` ones of a generation do not. */
const OPENAI_REASONING = /(^|\/)(?!.*-chat)(o[1-9]|gpt-[5-9]|codex)/;
const AZURE = /\.(openai|cognitiveservices|services\.ai)\.azure\.com$/;
const OPENROUTER = /(^|\.)openrouter\.ai$/;

/**
 * Every row that fits counts, later ones over earlier ones. Sources: the providers' references as of August to October 2026 and
 * what users of other clients met.
 * - OpenAI: platform.openai.com/docs/api-reference (`max_tokens` deprecated, `developer` over `system`, ids of at most 40
 *   characters; encrypted reasoning is refused for models that do not reason)
 * - Azure: as OpenAI; older API versions refuse `developer`
 * - OpenRouter: openrouter.ai/docs, reasoning tokens ("must be passed back unmodified") and prompt caching (marks for
 *   Anthropic's models, on text parts, of tool results too)
 * - Anthropic: docs.claude.com, OpenAI SDK compatibility (`strict`, `response_format` and caching ignored, no thinking text)
 * - DeepSeek: api-docs.deepseek.com/guides/thinking_mode (after tool calls `reasoning_content` is demanded in every further
 *   request, if only an empty one), json_mode (objects without a schema)
 * - Mistral: docs.mistral.ai, function calling (`name` in results, ids of nine letters and digits; unknown fields such as
 *   `stream_options` are refused, usage comes unasked)
 * - xAI: docs.x.ai (`max_completion_tokens`; encrypted reasoning from grok-4 on)
 * - Groq: console.groq.com/docs/api-reference (`max_tokens` deprecated)
 * - Ollama: github.com/ollama/ollama, docs/openai.md (no `parallel_tool_calls`, no `max_completion_tokens`)
 */
const TABLE: readonly Row[] = [
  {
    host: /(^|\.)openai\.com$/,
    quirks: {
      developerRole: true,
      tokenField: 'max_completion_tokens',
      strict: true,
      toolCallIds: 'max-40',
    },
  },
  { host: AZURE, quirks: { tokenField: 'max_completion_tokens', strict: true, toolCallIds: 'max-40' } },
  { host: /(^|\.)openai\.com$/, model: OPENAI_REASONING, quirks: { encryptedReasoning: true } },
  { host: AZURE, model: OPENAI_REASONING, quirks: { encryptedReasoning: true } },
  { host: OPENROUTER, quirks: { tokenField: 'max_tokens', reasoningBack: 'reasoning_details' } },
  { host: OPENROUTER, model: /^~?anthropic\//, quirks: { cacheControl: 'anthropic' } },
  { host: OPENROUTER, model: /^~?openai\//, quirks: { toolCallIds: 'max-40' } },
  { host: OPENROUTER, model: OPENAI_REASONING, quirks: { encryptedReasoning: true } },
  { host: OPENROUTER, model: /^~?mistralai\//, quirks: { toolCallIds: 'nine-alphanumerics' } },
  { host: /(^|\.)anthropic\.com$/, quirks: { responseFormat: 'none' } },
  {
    host: /(^|\.)deepseek\.com$/,
    quirks: {
      tokenField: 'max_tokens',
      reasoningBack: 'reasoning_content',
      responseFormat: 'json_object',
      images: false,
    },
  },
  {
    host: /(^|\.)mistral\.ai$/,
    quirks: {
      tokenField: 'max_tokens',
      usageInStream: false,
      toolResultName: true,
      toolCallIds: 'nine-alphanumerics',
    },
  },
  { host: /(^|\.)x\.ai$/, quirks: { tokenField: 'max_completion_tokens' } },
  { host: /(^|\.)x\.ai$/, model: /^grok-([4-9]|code)/, quirks: { encryptedReasoning: true } },
  { host: /(^|\.)groq\.com$/, quirks: { tokenField: 'max_completion_tokens' } },
  { provider: 'ollama', quirks: { tokenField: 'max_tokens', parallelToolCalls: false } },
];

/** What is known of a built-in provider by its name, whatever its URL. */
export function quirksByName(provider: string): Partial<Quirks> {
  const rows = TABLE.filter((row) => row.provider === provider && !row.host && !row.model);
  return Object.assign({}, ...rows.map(({ quirks }) => quirks));
}

type Asked = Pick<ResolvedProvider, 'name' | 'baseURL' | 'quirks'>;

/** By provider and model: every request asks. */
const known = new WeakMap<Asked, Map<string, Quirks>>();

/** How this model of this provider is spoken to: what the user set, over the table, over {@link GENERIC}. */
export function quirksOf(provider: Asked, model: string): Quirks {
  const byModel = known.get(provider) ?? new Map<string, Quirks>();
  known.set(provider, byModel);
  const quirks = byModel.get(model) ?? lookUp(provider, model);
  byModel.set(model, quirks);
  return quirks;
}

function lookUp(provider: Asked, model: string): Quirks {
  const { hostname } = new URL(provider.baseURL);
  const rows = TABLE.filter(
    (row) =>
      (row.host?.test(hostname) ?? true) &&
      (row.provider === undefined || row.provider === provider.name) &&
      (row.model?.test(model) ?? true),
  );
  const set: Quirks = Object.assign({ ...GENERIC }, ...rows.map(({ quirks }) => quirks), provider.quirks);
  if (set.api === 'chat' || provider.quirks.reasoningBack !== undefined) return set;
  return { ...set, reasoningBack: 'output_items' };
}

/**
 * Every name that leaves through OpenTelemetry: the GenAI conventions as semantic conventions 1.41 have them (the copy that
 * `@opentelemetry/semantic-conventions` 1.45 ships under `/incubating`), and skein's own under `skein.`. They are still
 * "Development" there and are being renamed, so nothing else in this project spells one.
 */

export const SCOPE_NAME = 'skein';

/** `gen_ai.operation.name`; a span's name begins with it. */
export const OPERATION = {
  chat: 'chat',
  invokeAgent: 'invoke_agent',
  executeTool: 'execute_tool',
  invokeWorkflow: 'invoke_workflow',
} as const;

/** Names of spans that no convention has. */
export const SPAN = {
  turn: 'skein.turn',
  waitThread: 'skein.wait_thread',
  waitGate: 'skein.wait_gate',
} as const;

/** Names of events on spans. */
export const SPAN_EVENT = {
  promptStarted: 'skein.prompt_started',
  modelRetried: 'skein.model_retried',
  modelFellBack: 'skein.model_fell_back',
  stepRetried: 'skein.step_retried',
  budgetReached: 'skein.budget_reached',
  resumed: 'skein.resumed',
  compacted: 'skein.compacted',
  loopWarned: 'skein.loop_warned',
  schemaRefused: 'skein.schema_refused',
  outputRefused: 'skein.output_refused',
} as const;

/** Keys of attributes. */
export const ATTR = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  conversationId: 'gen_ai.conversation.id',
  agentName: 'gen_ai.agent.name',
  workflowName: 'gen_ai.workflow.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheCreationTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  toolName: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  toolCallId: 'gen_ai.tool.call.id',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  httpStatus: 'http.response.status_code',
  /** Content: recorded when asked for, and only then. */
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',

  promptId: 'skein.prompt.id',
  stopReason: 'skein.prompt.stop_reason',
  /** An earlier process began the prompt. */
  resumed: 'skein.prompt.resumed',
  turn: 'skein.turn.number',
  turns: 'skein.turns',
  attempt: 'skein.attempt',
  costUsd: 'skein.cost.usd',
  /** The provider told no usage. What was guessed is in no attribute and no metric. */
  usageEstimated: 'skein.usage.estimated',
  /** Where a tool call ran: `thread`, `host`, or `nowhere` when it was answered in place of its tool. */
  toolPlace: 'skein.tool.place',
  stepId: 'skein.step.id',
  reason: 'skein.reason',
  message: 'skein.message',
  delayMs: 'skein.delay_ms',
  /** `provider:name`. */
  model: 'skein.model',
  /** Text of the attempt that failed had been shown. */
  discarded: 'skein.discarded',
  fromModel: 'skein.model.from',
  toModel: 'skein.model.to',
  /** What a model call waited for at the gate. */
  gateReason: 'skein.gate.reason',
  budgetScope: 'skein.budget.scope',
  budgetName: 'skein.budget.name',
  /** `usd`, `tokens`, `turns`, `wallMs` or `price`: the unit of the limit, too. */
  budgetWhat: 'skein.budget.what',
  budgetLimit: 'skein.budget.limit',
  budgetSpent: 'skein.budget.spent',
  budgetAction: 'skein.budget.action',
  compaction: 'skein.compaction',
  tokensBefore: 'skein.tokens.before',
  tokensAfter: 'skein.tokens.after',
  repetitions: 'skein.repetitions',
  sessionState: 'skein.session.state',
  items: 'skein.workflow.items',
} as const;

/** Fields of a model's options that have an attribute of their own. */
export const REQUEST_OPTIONS: Readonly<Record<string, string>> = {
  max_tokens: 'gen_ai.request.max_tokens',
  max_completion_tokens: 'gen_ai.request.max_tokens',
  max_output_tokens: 'gen_ai.request.max_tokens',
  temperature: 'gen_ai.request.temperature',
  top_p: 'gen_ai.request.top_p',
  top_k: 'gen_ai.request.top_k',
  seed: 'gen_ai.request.seed',
  frequency_penalty: 'gen_ai.request.frequency_penalty',
  presence_penalty: 'gen_ai.request.presence_penalty',
  n: 'gen_ai.request.choice.count',
};

export const METRIC = {
  operationDuration: 'gen_ai.client.operation.duration',
  tokenUsage: 'gen_ai.client.token.usage',
  timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  gateWait: 'skein.gate.wait',
  threadWait: 'skein.thread.wait',
  sessions: 'skein.sessions',
  modelRetries: 'skein.model.retries',
  modelFallbacks: 'skein.model.fallbacks',
  stepRetries: 'skein.step.retries',
} as const;

/** Seconds: 0.01 · 2ⁿ, as the conventions give them. */
export const DURATION_BUCKETS: readonly number[] = Array.from(
  { length: 14 },
  (_, n) => (2 ** n * 10) / 1_000,
);

/** Tokens: 4ⁿ, as the conventions give them. */
export const TOKEN_BUCKETS: readonly number[] = Array.from({ length: 14 }, (_, n) => 4 ** n);

/** Seconds a step waits for a thread: from a millisecond to a minute. */
export const WAIT_BUCKETS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

import type { ModelError } from '../../src/errors.ts';
import { ChatCompletions } from '../../src/model/chat-completions.ts';
import type { ModelEvent, ResolvedProvider } from '../../src/model/model.ts';
import { Responses } from '../../src/model/responses.ts';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { ModelOnStage } from '../contracts/model.ts';
import { KEY, PATIENT } from './raw-server.ts';

const CLIENTS = { chat: ChatCompletions, responses: Responses };

/** A model in front of a scripted server that follows these rules. */
export async function onScripted(
  rules: readonly ScriptedRule[],
  deadlines = PATIENT,
  quirks: ResolvedProvider['quirks'] = {},
): Promise<ModelOnStage> {
  const server = await startScriptedModel({ rules });
  const provider = { name: 'scripted', baseURL: server.baseURL, apiKey: KEY, headers: {}, quirks };
  const model = new CLIENTS[quirks.api ?? 'chat'](provider, { deadlines });
  return {
    model,
    requestCount: () => server.requestCount,
    close: async () => {
      await model.close();
      await server.close();
    },
  };
}

/** Runs `use` on a model whose every answer has this fault. */
export async function withFault<Result>(
  fault: ScriptedFault,
  use: (stage: ModelOnStage) => Promise<Result>,
  deadlines = PATIENT,
  quirks: ResolvedProvider['quirks'] = {},
): Promise<Result> {
  const stage = await onScripted([{ answer: { text: 'one two three' }, fault }], deadlines, quirks);
  try {
    return await use(stage);
  } finally {
    await stage.close();
  }
}

/** The error that an attempt ended with. */
export function failureOf(events: readonly ModelEvent[]): ModelError {
  const last = events.at(-1);
  if (last?.type !== 'failed') throw new Error(`expected a failure, got ${last?.type}`);
  return last.error;
}

import type { ModelError } from '../../src/errors.ts';
import { ChatCompletions } from '../../src/model/chat-completions.ts';
import type { ModelEvent } from '../../src/model/model.ts';
import type { ScriptedFault, ScriptedRule } from '../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../src/model/scripted/server.ts';
import type { ModelOnStage } from '../contracts/model.ts';
import { KEY, PATIENT } from './raw-server.ts';

/** A model in front of a scripted server that follows these rules. */
export async function onScripted(
  rules: readonly ScriptedRule[],
  deadlines = PATIENT,
  lenient = false,
): Promise<ModelOnStage> {
  const server = await startScriptedModel({ rules });
  const provider = {
    name: 'scripted',
    baseURL: server.baseURL,
    apiKey: KEY,
    headers: {},
    quirks: { lenientEnd: lenient },
  };
  const model = new ChatCompletions(provider, { deadlines });
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
  lenient = false,
): Promise<Result> {
  const stage = await onScripted([{ answer: { text: 'one two three' }, fault }], deadlines, lenient);
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

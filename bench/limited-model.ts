/**
 * The scripted model in a process of its own, for questions in which a provider has to enforce its limits. Says what it has
 * seen when it is asked to: one line, one answer.
 *
 * Started by the questions.
 */
import { createInterface } from 'node:readline';
import {
  startScriptedModel,
  type RequestCounts,
  type ScriptedModelScript,
  type ScriptedModelStats,
} from 'skein';

export interface LimitedModelStats extends Omit<ScriptedModelStats, 'conversations'> {
  readonly conversations: readonly (readonly [string, RequestCounts])[];
}

const server = await startScriptedModel(JSON.parse(process.argv[2] ?? '{}') as ScriptedModelScript);
process.stdout.write(`${JSON.stringify({ baseURL: server.baseURL })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'stats') throw new Error(`the limited model does not know "${line}"`);
  const stats: LimitedModelStats = { ...server.stats, conversations: [...server.stats.conversations] };
  process.stdout.write(`${JSON.stringify(stats)}\n`);
}
// The parent is gone: so is everybody who could ask.
process.exit();

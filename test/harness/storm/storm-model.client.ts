/** A scripted model in a process of its own, which can be asked what it has seen. Its script is JSON. */
import type { ScriptedModelScript } from '../../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import type { ModelRequest } from './model-process.ts';

const script = JSON.parse(process.argv[2] ?? '{}') as ScriptedModelScript;
const server = await startScriptedModel(script);
process.on('message', (request: ModelRequest) => {
  if (request !== 'stats') server.startStorm(request);
  const { stats } = server;
  process.send?.({ ...stats, conversations: [...stats.conversations] });
});
process.send?.({ baseURL: server.baseURL });
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));

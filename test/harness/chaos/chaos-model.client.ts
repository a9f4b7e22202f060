/** The scripted model, in a process of its own: its work is not the pool's. */
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { ChaosPlan } from './plan.ts';

const [seed = 0, targets = 0, prompts = 0] = process.argv.slice(2).map(Number);
const server = await startScriptedModel(new ChaosPlan(seed, targets).script(prompts));
process.send?.({ baseURL: server.baseURL });
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));

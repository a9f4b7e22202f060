/** The scripted model, in a process of its own: its memory is not the pool's. */
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { soakScript } from './soak-plan.ts';

const server = await startScriptedModel(soakScript());
process.send?.({ baseURL: server.baseURL });
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0));

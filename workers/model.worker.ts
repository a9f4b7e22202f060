/** The entry of a model thread: offers the model service on the thread's own port. */
import { parentPort } from 'node:worker_threads';
import { ThreadModelService } from '../src/model/model-service.ts';
import { exposeService } from '../src/protocol/rpc.ts';

if (!parentPort) throw new Error('this file runs in a worker thread');
exposeService(new ThreadModelService(), parentPort);

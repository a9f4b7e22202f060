/** The entry of a shard process: binds its IPC channel to the shard host, and ends with its parent. */
import type { ToShard } from '../src/protocol/shard-messages.ts';
import { ShardHost } from '../src/pool/shard-host.ts';

// Not `process.exit`, which waits for threads that native code may hold.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const host = new ShardHost((message) => process.send?.(message));
process.on('message', (message) => host.receive(message as ToShard));

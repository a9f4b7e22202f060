/** The entry of a shard process: binds its wire to the shard host, and ends with its parent. */
import { Socket } from 'node:net';
import { ShardHost } from '../src/threads/shard-host.ts';
import { WIRE_FD, type ToShard } from '../src/protocol/shard-messages.ts';
import { ShardWire } from '../src/protocol/shard-wire.ts';

// Not `process.exit`, which waits for threads that native code may hold.
const die = (): void => void process.kill(process.pid, 'SIGKILL');
// A terminal's Ctrl-C goes to all of its processes; only the coordinator knows what may still end well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const stream = new Socket({ fd: WIRE_FD });
stream.on('close', die);
const receive = (message: ToShard): void => {
  // Before there are threads whose tools could look for it.
  if (message.type === 'setup') wire.key = message.key;
  host.receive(message);
};
const wire = new ShardWire(stream, (message) => receive(message as ToShard), die);
const host = new ShardHost((message) => wire.send(message));

import { PassThrough } from 'node:stream';
import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { ShardWire } from '../../src/protocol/shard-wire.ts';

const MESSAGES = [
  { type: 'a', bytes: Uint8Array.of(1, 2, 3) },
  { type: 'b', text: 'é'.repeat(100), nothing: null, bytes: new Uint8Array(0) },
  'c',
];

/** What the messages are on the wire. */
async function written(): Promise<Buffer> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  const wire = new ShardWire(
    stream,
    () => undefined,
    () => undefined,
  );
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.all(MESSAGES.map((message) => wire.send(message)));
  return Buffer.concat(chunks);
}

async function read(chunks: readonly Buffer[]): Promise<{ messages: unknown[]; broken: number }> {
  const stream = new PassThrough();
  const messages: unknown[] = [];
  let broken = 0;
  const wire = new ShardWire(
    stream,
    (message) => messages.push(message),
    () => (broken += 1),
  );
  expect(wire).toBeDefined();
  for (const chunk of chunks) stream.write(chunk);
  await new Promise((resolve) => stream.end(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  return { messages, broken };
}

describe('messages', () => {
  it('arrive whole and in order, wherever the stream is cut', async () => {
    const bytes = await written();
    for (let at = 1; at < bytes.length; at += 1) {
      const { messages, broken } = await read([bytes.subarray(0, at), bytes.subarray(at)]);
      expect({ messages, broken }).toEqual({ messages: MESSAGES, broken: 0 });
    }
    const single = Array.from(bytes, (byte) => Buffer.of(byte));
    expect(await read(single)).toEqual({ messages: MESSAGES, broken: 0 });
  });

  it('are not made of what is none: nothing is read after it', async () => {
    const good = serialize('good');
    const header = Buffer.alloc(4);
    header.writeUInt32LE(good.length);
    const frame = Buffer.concat([header, good]);
    const bad = Buffer.concat([header, Buffer.alloc(good.length, 7)]);
    expect(await read([frame, bad, frame])).toEqual({ messages: ['good'], broken: 1 });
    expect(await read([Buffer.alloc(4), frame])).toEqual({ messages: [], broken: 1 });
    expect(await read([Buffer.alloc(64, 255), frame])).toEqual({ messages: [], broken: 1 });
  });

  it('that can no longer be sent are given up quietly', async () => {
    const stream = new PassThrough();
    const wire = new ShardWire(
      stream,
      () => undefined,
      () => undefined,
    );
    stream.destroy();
    await wire.send('late');
  });
});

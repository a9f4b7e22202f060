import type { SessionPool } from 'skein';
import { fixture } from './skein-loop.ts';
import { PROMPT } from './workload.ts';

/**
 * What the only session thread of a pool holds after a collection, in bytes; needs --expose-gc. Each reading is a session
 * of its own, which is closed again: a session asks for the tool once. Read twice before a figure is used, since the first
 * reading loads the tool.
 */
export async function threadBytes(pool: SessionPool): Promise<number> {
  const session = await pool.start({ model: 'bench:meter', tools: [fixture('meter-tool.mjs')] });
  const { stopReason } = await session.prompt(PROMPT);
  const answer = session.messages().findLast((message) => message.role === 'tool')?.content;
  await session.close();
  const bytes = typeof answer === 'string' ? Number(answer) : Number.NaN;
  if (stopReason !== 'end' || !Number.isFinite(bytes)) {
    throw new Error(`the meter ended with ${stopReason} and said: ${JSON.stringify(answer)}`);
  }
  return bytes;
}

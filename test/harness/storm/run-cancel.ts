import { setTimeout as sleep } from 'node:timers/promises';
import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { atMost, none, told, type Figure } from '../shared/figures.ts';
import { startModel } from './model-process.ts';

/** In real time: what waits, waits for a minute. */
const WAITING = new Set(['gate-waiting', 'model-retried']);
const SETTLE_MS = 300;

/** Sessions that wait for a provider that refuses everybody, cancelled while they do. */
export async function runCancel(
  { sessions, untimed }: { readonly sessions: number; readonly untimed: boolean },
  harnessUrl: string,
): Promise<Figure[]> {
  const model = await startModel(harnessUrl, {
    rules: [{ fault: { status: 429, retryAfter: 55 } }],
  });
  const pool = await SessionPool.open({ providers: { scripted: { baseURL: model.baseURL } } });
  const all = await Promise.all(
    Array.from({ length: sessions }, () => pool.start({ model: 'scripted:scripted', tools: [] })),
  );
  const took: number[] = [];
  const wrong: string[] = [];
  const waitAndCancel = async (session: Session): Promise<void> => {
    let cancelledMs: number | undefined;
    for await (const event of session.stream('hi')) {
      if (cancelledMs === undefined && WAITING.has(event.type)) {
        // All of them wait before the first is cancelled.
        await sleep(SETTLE_MS);
        cancelledMs = performance.now();
        void session.cancel();
      }
      if (event.type !== 'prompt-ended') continue;
      const { stopReason } = event.result;
      if (stopReason !== 'cancelled' || cancelledMs === undefined) wrong.push(stopReason);
      else took.push(performance.now() - cancelledMs);
    }
  };
  await Promise.all(all.map(waitAndCancel));
  const atEnd = await model.stats();
  await sleep(SETTLE_MS);
  const later = await model.stats();
  await pool.close();
  model.stop();
  const worst = Math.max(...took);
  return [
    none('cancel: prompts that ended otherwise', wrong.length),
    none('cancel: requests after it', later.requests - atEnd.requests),
    untimed ? told('cancel: worst, ms', worst) : atMost('cancel: worst', 100, worst, 'ms'),
  ];
}

import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { startModel } from './model-process.ts';

const IDLE_MS = 1_000;

/** A provider that takes a request, sends comments to keep the line open, and says nothing; once for each session. */
export async function runSilent(
  { sessions, untimed }: { readonly sessions: number; readonly untimed: boolean },
  harnessUrl: string,
): Promise<Figure[]> {
  const model = await startModel(harnessUrl, {
    rules: [
      { match: { user: 'warm up' }, answer: { text: 'Warm.' } },
      { times: sessions, fault: { pingOnly: true } },
      { answer: { text: 'Here I am.' } },
    ],
  });
  const pool = await SessionPool.open({
    providers: { scripted: { baseURL: model.baseURL } },
    models: { idleTimeoutMs: IDLE_MS, firstByteTimeoutMs: IDLE_MS },
  });
  const all = await Promise.all(
    Array.from({ length: sessions }, () => pool.start({ model: 'scripted:scripted', tools: [] })),
  );
  // A thread that has to start is not silence.
  await Promise.all(all.map((session) => session.prompt('warm up')));
  const noticed: number[] = [];
  let completed = 0;
  const listen = async (session: Session): Promise<void> => {
    const askedMs = performance.now();
    for await (const event of session.stream('hi')) {
      if (event.type === 'model-retried') noticed.push(performance.now() - askedMs);
      if (event.type === 'prompt-ended' && event.result.reply === 'Here I am.') completed += 1;
    }
  };
  await Promise.all(all.map(listen));
  await pool.close();
  model.stop();
  const worst = Math.max(...noticed);
  return [
    atLeast('silent: streams that were noticed', sessions, noticed.length),
    none('silent: prompts that did not complete', sessions - completed),
    untimed
      ? told('silent: noticed after, worst, ms', worst)
      : atMost('silent: noticed after, worst', IDLE_MS + 1_000, worst, 'ms'),
  ];
}

import { SessionPool } from '../../../src/pool/pool.ts';
import type { Session } from '../../../src/pool/session.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { startModel } from './model-process.ts';

const IDLE_MS = 1_000;

/** A provider that takes a request and says nothing, but for comments that keep the line open; or half of an answer. Twice for each session. */
export async function runSilent(
  { sessions, untimed }: { readonly sessions: number; readonly untimed: boolean },
  harnessUrl: string,
): Promise<Figure[]> {
  const model = await startModel(harnessUrl, {
    rules: [
      { match: { user: 'warm up' }, answer: { text: 'Warm.' } },
      { match: { user: 'nothing' }, times: sessions, fault: { pingOnly: true } },
      {
        match: { user: 'half' },
        times: sessions,
        answer: { text: 'This is half of an answer, and no more of it comes.' },
        fault: { stall: 1_500 },
      },
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
  const listen = async (session: Session, text: string): Promise<void> => {
    const askedMs = performance.now();
    for await (const event of session.stream(text)) {
      if (event.type === 'model-retried') noticed.push(performance.now() - askedMs);
      if (event.type === 'prompt-ended' && event.result.reply === 'Here I am.') completed += 1;
    }
  };
  for (const text of ['nothing', 'half']) await Promise.all(all.map((session) => listen(session, text)));
  await pool.close();
  model.stop();
  const worst = Math.max(...noticed);
  return [
    atLeast('silent: streams that were noticed', 2 * sessions, noticed.length),
    none('silent: prompts that did not complete', 2 * sessions - completed),
    untimed
      ? told('silent: noticed after, worst, ms', worst)
      : atMost('silent: noticed after, worst', IDLE_MS + 1_000, worst, 'ms'),
  ];
}

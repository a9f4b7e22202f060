import { SessionPool } from '../../../src/pool/pool.ts';
import { atLeast, told, type Figure } from '../shared/figures.ts';
import { startModel } from './model-process.ts';

const SYSTEM = 'You edit one file at a time, and say what you did. '.repeat(200);

/** Sessions that begin alike, all at once, on a provider that caches prompts: all but the first should read its cache. */
export async function runCache(sessions: number, harnessUrl: string): Promise<Figure[]> {
  const model = await startModel(harnessUrl, {
    cache: {},
    delay: { firstMs: 200 },
    rules: [{ answer: { text: 'Done.' } }],
  });
  const pool = await SessionPool.open({ providers: { scripted: { baseURL: model.baseURL } } });
  const all = await Promise.all(
    Array.from({ length: sessions }, () => pool.start({ model: 'scripted:scripted', system: SYSTEM })),
  );
  await Promise.all(all.map((session, index) => session.prompt(`task ${index}`)));
  await pool.close();
  const read = [...(await model.stats()).conversations.values()].filter(
    ({ cachedTokens }) => cachedTokens > 0,
  );
  const naive = await readersAtOnce(sessions, model.baseURL);
  model.stop();
  return [
    atLeast('cache: sessions that read it', sessions - 1, read.length),
    told('cache: as many requests sent at once by themselves', naive),
  ];
}

/** The same beginning, sent by as many clients that do not wait for each other. @returns how many of them read the cache */
async function readersAtOnce(count: number, baseURL: string): Promise<number> {
  const cached = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const response = await fetch(`${baseURL}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({
          model: 'naive',
          messages: [
            { role: 'system', content: SYSTEM },
            { role: 'user', content: `task ${index}` },
          ],
        }),
      });
      const body = (await response.json()) as {
        usage: { prompt_tokens_details: { cached_tokens: number } };
      };
      return body.usage.prompt_tokens_details.cached_tokens;
    }),
  );
  return cached.filter((tokens) => tokens > 0).length;
}

import { fileURLToPath } from 'node:url';
import { SessionPool } from 'skein';
import { PROMPT, type Contestant } from './workload.ts';

/** A tool module of `bench/fixtures`, seen from the built benchmark. */
export function fixture(name: string): URL {
  return new URL(`../../bench/fixtures/${name}`, import.meta.url);
}

export function fixturePath(name: string): string {
  return fileURLToPath(fixture(name));
}

/** Skein as its users have it: a pool with default options. */
export async function skeinLoop(baseURL: string): Promise<Contestant> {
  const pool = await SessionPool.open({ providers: { bench: { baseURL, apiKey: 'bench' } } });
  return {
    async converse({ model, files, onText, withBurn = false }) {
      const session = await pool.start({
        model: `bench:${model}`,
        files,
        tools: withBurn ? ['coding-agent', fixture('burn-tool.mjs')] : ['coding-agent'],
      });
      const result = await session.prompt(PROMPT, onText ? { onText } : {});
      await session.close();
      if (result.stopReason !== 'end') {
        throw new Error(`the prompt ended with ${result.stopReason}: ${result.error?.message ?? ''}`);
      }
      return { reply: result.reply, read: (path) => textOf(result.files.get(path)) };
    },
    close: () => pool.close(),
  };
}

function textOf(content: string | Uint8Array | undefined): string | undefined {
  return typeof content === 'string' ? content : undefined;
}

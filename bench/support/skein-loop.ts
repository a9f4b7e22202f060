import { fileURLToPath } from 'node:url';
import { SessionPool, type BaseImage, type PoolOptions, type ProviderLimits } from 'skein';
import { PROMPT, type Contestant, type ExtraTool } from './workload.ts';

/** A tool module of `bench/fixtures`, seen from the built benchmark. */
export function fixture(name: string): URL {
  return new URL(`../../bench/fixtures/${name}`, import.meta.url);
}

export function fixturePath(name: string): string {
  return fileURLToPath(fixture(name));
}

const EXTRA: Readonly<Record<ExtraTool, () => URL>> = {
  burn: () => fixture('burn-tool.mjs'),
  // Built beside the benchmark: it shares its code with the other contestants.
  crash: () => new URL('crash-tool.js', import.meta.url),
};

/**
 * Skein as its users have it: a pool with default options, apart from those given.
 * @param limits  what it is told of the provider; it learns the others
 */
export async function skeinLoop(
  baseURL: string,
  tools: readonly string[],
  options: PoolOptions = {},
  limits: ProviderLimits = {},
): Promise<Contestant> {
  const bench = { baseURL, apiKey: 'bench', limits };
  const pool = await SessionPool.open({ ...options, providers: { bench } });
  return sessionsOf(pool, tools);
}

/** @param base  what every session begins with, in place of the files that a conversation is given */
export function sessionsOf(pool: SessionPool, tools: readonly string[], base?: BaseImage): Contestant {
  return {
    async start({ model, files, extraTool }) {
      const session = await pool.start({
        model: `bench:${model}`,
        ...(base ? { base } : { files }),
        tools: extraTool ? [...tools, EXTRA[extraTool]()] : tools,
      });
      return {
        async prompt(onText) {
          const result = await session.prompt(PROMPT, onText ? { onText } : {});
          if (result.stopReason !== 'end') {
            throw new Error(`the prompt ended with ${result.stopReason}: ${result.error?.message ?? ''}`);
          }
          return { reply: result.reply, read: (path) => textOf(result.files.get(path)) };
        },
        close: () => session.close(),
      };
    },
    close: () => pool.close(),
  };
}

function textOf(content: string | Uint8Array | undefined): string | undefined {
  return typeof content === 'string' ? content : undefined;
}

import { describe, expect, it } from 'vitest';
import { checkPoolOptions, checkPromptOptions, checkSessionOptions } from '../../src/pool/options.ts';

/** The error's text for options that TypeScript would not have let through. */
function refusal(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_option' });
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('options that are wrong', () => {
  it.each<[object, string]>([
    [{ thread: {} }, 'Option thread: SessionPool.open has no such option. Did you mean threads?'],
    [
      { threads: { mx: 2 } },
      'Option threads.mx: SessionPool.open has no such option. Did you mean threads.max?',
    ],
    [{ threads: { max: 'two' } }, "Option threads.max: expected number, but was given 'two'."],
    [{ threads: { max: 0 } }, 'Option threads.max: expected at least 1, but was given 0.'],
    [{ threads: { max: 1.5 } }, 'Option threads.max: expected int, but was given 1.5.'],
    [{ threads: null }, 'Option threads: expected object, but was given null.'],
    [
      { providers: { x: { quirks: { tokenField: 'tokens' } } } },
      'Option providers.x.quirks.tokenField: expected one of any, max_tokens, max_completion_tokens, but was given a string.',
    ],
    [
      { providers: { x: { api: 'messages' } } },
      'Option providers.x.api: expected one of chat, responses, but was given a string.',
    ],
    [
      { providers: { x: { quirks: { api: 'chat' } } } },
      'Option providers.x.quirks.api: SessionPool.open has no such option.',
    ],
    [{ providers: { x: { url: '' } } }, 'Option providers.x.url: SessionPool.open has no such option.'],
    [
      { providers: { x: { limits: { requestsPerMinute: 0 } } } },
      'Option providers.x.limits.requestsPerMinute: expected at least 1, but was given a number.',
    ],
    [
      { providers: { x: { limits: { maxInFlight: -1 } } } },
      'Option providers.x.limits.maxInFlight: expected at least 1, but was given a number.',
    ],
    [
      { limits: { stepTimeoutMs: -1 } },
      'Option limits.stepTimeoutMs: expected at least 0, but was given -1.',
    ],
    [
      { contextTokens: { 'openai:gpt': 0 } },
      'Option contextTokens.openai:gpt: expected at least 1, but was given 0.',
    ],
    [
      { contextTokens: { gpt: 1_000 } },
      "Option contextTokens.gpt: expected a name such as 'provider:model' or 'provider:*'.",
    ],
    [[], 'Option SessionPool.open: expected object, but was given [].'],
  ])('of a pool are named: %j', (options, message) => {
    expect(refusal(() => checkPoolOptions(options))).toBe(message);
  });

  it.each<[object, string]>([
    [{ modle: 'x:y' }, 'Option modle: pool.start has no such option. Did you mean model?'],
    [{ maxTurns: -1 }, 'Option maxTurns: expected at least 0, but was given -1.'],
    [{ context: { compactAt: 1.2 } }, 'Option context.compactAt: expected at most 1, but was given 1.2.'],
    [{ context: { keepTurns: 0 } }, 'Option context.keepTurns: expected at least 1, but was given 0.'],
    [{ context: { window: 1 } }, 'Option context.window: pool.start has no such option.'],
    [{ loops: { warnAfter: 8 } }, 'Option loops.warnAfter: expected at most loops.endAfter (6), but is 8.'],
    [
      { loops: true },
      'Option loops: expected false, or { warnAfter, endAfter } of at least 2, but was given true.',
    ],
    [{ skills: 'dir' }, "Option skills: expected array, but was given 'dir'."],
    [
      { base: {} },
      'Option base: expected a base image made with baseImage.fromDirectory or fromFiles, but was given {}.',
    ],
    [{ id: '' }, "Option id: expected at least 1, but was given ''."],
    [
      { modelOptions: { stream: false } },
      'Option modelOptions.stream: is set by skein itself and cannot be forwarded.',
    ],
  ])('of a session are named: %j', (options, message) => {
    expect(refusal(() => checkSessionOptions(options))).toBe(message);
  });

  it.each<[object, string]>([
    [{ timeout: 5 }, 'Option timeout: session.prompt has no such option. Did you mean timeoutMs?'],
    [{ onText: 'print' }, "Option onText: expected a function, but was given 'print'."],
    [{ signal: {} }, 'Option signal: '],
  ])('of a prompt are named: %j', (options, message) => {
    expect(refusal(() => checkPromptOptions(options))).toContain(message);
  });
});

describe('options that are right', () => {
  it('come back as the same objects', () => {
    const options = { threads: { min: 0, max: 2 }, providers: { a: { baseURL: 'http://x' } } };
    expect(checkPoolOptions(options)).toBe(options);
  });
});

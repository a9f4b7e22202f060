import { describe, expect, it } from 'vitest';
import { usageFacts } from '../../src/batch/format.ts';
import { parseJob } from '../../src/batch/job.ts';
import { parsePrices } from '../../src/batch/price-file.ts';
import { NO_USAGE, UNKNOWN_COST } from '../../src/model/model.ts';

const JOB = 'name: n\nprompt: p\neach: { rows: [{ id: a }] }\n';

describe('budgets in a job file', () => {
  it('are of the whole batch and of each item, and end what goes over them', () => {
    const job = parseJob(
      `${JOB}budget: { usd: 2.5, minutes: 30 }\nitemBudget: { tokens: 1000, turns: 5 }\n`,
      'job.yaml',
    );
    expect(job.budget).toEqual({ usd: 2.5, wallMs: 1_800_000, onReached: 'end' });
    expect(job.itemBudget).toEqual({ tokens: 1_000, turns: 5, onReached: 'end' });
  });

  it.each([
    ['budget: {}', 'budget must hold at least one of usd, tokens, turns, minutes'],
    ['budget: 5', 'budget must be a mapping of keys to values; it is 5'],
    ['budget: { usd: 0 }', 'budget.usd must be a number above 0; it is 0'],
    ['budget: { usd: -1 }', 'budget.usd must be a number above 0; it is -1'],
    ['budget: { usd: .nan }', 'budget.usd must be a number above 0; it is null'],
    ['budget: { usd: lots }', 'budget.usd must be a number above 0; it is "lots"'],
    ['itemBudget: { turns: 1.5 }', 'itemBudget.turns must be a whole number of at least 1; it is 1.5'],
    ['itemBudget: { minute: 1 }', 'itemBudget has the unknown key "minute"; did you mean "minutes"?'],
    ['itemBudgets: { usd: 1 }', 'unknown key "itemBudgets"; did you mean "itemBudget"?'],
  ])('%s is refused', (line, message) => {
    expect(() => parseJob(`${JOB}${line}\n`, 'job.yaml')).toThrow(`Job file job.yaml: ${message}`);
  });
});

describe('a prices file', () => {
  it('has the prices of models', () => {
    const yaml = `
'openrouter:anthropic/claude-sonnet-4.5': { inputPerMillion: 3, outputPerMillion: 15, cachedInputPerMillion: 0.3 }
'ollama:*': { inputPerMillion: 0, outputPerMillion: 0 }
`;
    expect(parsePrices(yaml, 'p.yaml')).toEqual({
      'openrouter:anthropic/claude-sonnet-4.5': {
        inputPerMillion: 3,
        outputPerMillion: 15,
        cachedInputPerMillion: 0.3,
      },
      'ollama:*': { inputPerMillion: 0, outputPerMillion: 0 },
    });
  });

  it.each([
    ['[1]', 'Prices file p.yaml: it must hold keys and values; it is [1].'],
    [
      'sonnet: { inputPerMillion: 1, outputPerMillion: 1 }',
      'Prices file p.yaml: sonnet names no model: provider:model, or provider:*.',
    ],
    ["'a:b': 3", 'Prices file p.yaml, a:b: it must hold keys and values; it is 3.'],
    ["'a:b': { inputPerMillion: 1 }", 'Prices file p.yaml, a:b: outputPerMillion is missing.'],
    [
      "'a:b': { inputPerMillion: -1, outputPerMillion: 1 }",
      'inputPerMillion must be US dollars, a number of at least 0; it is -1.',
    ],
    [
      "'a:b': { inputPerMillion: 1, outputPerMillion: 1, cachedInput: 1 }",
      'unknown key "cachedInput"; known are inputPerMillion,',
    ],
    [
      "'a:b': { inputPerMilion: 1, outputPerMillion: 1 }",
      'unknown key "inputPerMilion"; did you mean "inputPerMillion"?',
    ],
    ["'a:b': { inputPerMillion: .inf, outputPerMillion: 1 }", 'must be US dollars'],
  ])('%s is refused', (yaml, message) => {
    expect(() => parsePrices(yaml, 'p.yaml')).toThrow(message);
  });
});

describe('what was used', () => {
  it('is told in a few facts', () => {
    expect(usageFacts(NO_USAGE, null)).toEqual(['0 tokens']);
    const usage = { ...NO_USAGE, totalTokens: 12_345, cachedTokens: 8_000, reasoningTokens: 300 };
    expect(usageFacts({ ...usage, cost: UNKNOWN_COST }, null)).toEqual([
      '12,345 tokens (8,000 cached, 300 reasoning)',
      'cost unknown',
    ]);
    const cost = { usd: 0.0123, basis: 'provider', unpriced: 0 } as const;
    expect(usageFacts({ ...usage, cost }, 0.02)).toEqual([
      '12,345 tokens (8,000 cached, 300 reasoning)',
      '$0.0123',
      'cache saved $0.02',
    ]);
    expect(usageFacts({ ...usage, cost }, 0)).toHaveLength(2);
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkProfile, parseProfile } from '../../../src/model/simulation/parse-profile.ts';
import { READY_PROFILES } from '../../../src/model/simulation/ready-profiles.ts';

function problemWith(yaml: string): string {
  try {
    parseProfile(yaml, 'p.yaml');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  throw new Error('it is taken');
}

describe('a profile', () => {
  it('may say nothing, and is then a provider without limits', () => {
    expect(parseProfile('# nothing yet\n', 'p.yaml')).toEqual({});
  });

  it('is told by its typo, wherever that is', () => {
    expect(problemWith('limit: { requestsPerMinute: 60 }')).toBe(
      'invalid_profile: Profile p.yaml: limit is unknown; did you mean "limits"?.',
    );
    expect(problemWith('limits: { requestPerMinute: 60 }')).toContain('did you mean "requestsPerMinute"?');
    expect(problemWith('latency: { firstTokenMs: { p50: 1, p90: 2 } }')).toContain(
      'latency.firstTokenMs.p90 is unknown; did you mean',
    );
    expect(problemWith('faults: [{ kind: overlaoded }]')).toContain('faults[0].kind must be rate-limited or');
    expect(problemWith('answers: { behavior: text }')).toContain('did you mean "behaviour"?');
  });

  it.each([
    ['[1]', 'the profile must be a mapping'],
    ['faults: [{ kind: cut, share: 1.5 }]', 'faults[0].share must be at most 1; it is 1.5'],
    ['faults: [{ kind: cut, share: -0.1 }]', 'faults[0].share must be at least 0; it is -0.1'],
    ['limits: { requestsPerMinute: -5 }', 'limits.requestsPerMinute must be at least 1; it is -5'],
    ['speed: 0', 'speed must be at least 1; it is 0'],
    ['speed: 1000', 'speed must be at most 100; it is 1000'],
    ['prices: { input: -1, output: 1 }', 'prices.input must be at least 0; it is -1'],
    ['prices: { input: 1 }', 'prices.output is missing'],
    ['answers: { tokens: 0 }', 'answers.tokens must be at least 1; it is 0'],
  ])('%s is out of range', (yaml, problem) => {
    expect(problemWith(yaml)).toContain(problem);
  });

  it.each([
    ['latency: { tokenMs: { p50: 10, mean: 3 } }', 'it has mean and p50'],
    ['latency: { tokenMs: {} }', 'it has nothing'],
    ['latency: { tokenMs: { p50: 10, p99: 3 } }', 'has a p99 of 3, which is below its p50 of 10'],
    ['latency: { tokenMs: { p50: 0, p99: 3 } }', 'needs a p50 above 0'],
    ['faults: [{ kind: cut, fault: { status: 500 } }]', 'faults[0] has a kind and a fault'],
    ['faults: [{ share: 0.5 }]', 'faults[0] needs a kind (rate-limited'],
    ['faults: [{ fault: { status: 500, html: true } }]', 'faults[0].fault can fail in one way only'],
    [
      'faults: [{ kind: cut, fromMinute: 2, toMinute: 1 }]',
      'faults[0].toMinute must be more than fromMinute',
    ],
    ['answers: { behaviour: text, reads: 2 }', 'answers.reads goes with the behaviour edit'],
    [
      'faults: [{ kind: cut, share: 0.6 }, { kind: stall, share: 0.6, toMinute: 3 }]',
      'strike more than all requests in minute 0: their shares add up to 1.2',
    ],
  ])('%s contradicts itself', (yaml, problem) => {
    expect(problemWith(yaml)).toContain(problem);
  });

  it.each([
    ['limits: { requestsPerMinute: 0 }', 'limits.requestsPerMinute is 0'],
    ['limits: { tokensPerMinute: 0 }', 'limits.tokensPerMinute is 0'],
    ['limits: { concurrent: 0 }', 'limits.concurrent is 0'],
    ['faults: [{ kind: cut }]', 'strike every request from minute 0 on'],
    ['faults: [{ kind: cut, share: 0.5 }, { kind: stall, share: 0.5, fromMinute: 4 }]', 'from minute 4 on'],
    [
      'latency: { firstTokenMs: { p50: 130000, p99: 140000 } }',
      'longer than skein waits for an answer to begin',
    ],
  ])('%s would never answer', (yaml, problem) => {
    expect(problemWith(yaml)).toContain(problem);
    expect(problemWith(yaml)).toContain('nothing would ever be answered');
  });

  it('may fail always for a while, and its shares may add up to 1', () => {
    const yaml =
      'faults: [{ kind: cut, share: 0.1 }, { kind: stall, share: 0.9, fromMinute: 1, toMinute: 3 }]';
    expect(parseProfile(yaml, 'p.yaml').faults).toHaveLength(2);
  });

  it('is ready by name', () => {
    for (const [name, profile] of Object.entries(READY_PROFILES)) {
      expect(checkProfile(profile, name)).toBe(profile);
    }
  });
});

describe('docs/simulate.md', () => {
  it('shows profiles without mistakes, and all that are ready', async () => {
    const page = await readFile(new URL('../../../docs/simulate.md', import.meta.url), 'utf8');
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);
    expect(blocks.length).toBeGreaterThan(3);
    for (const yaml of blocks) expect(Object.keys(parseProfile(yaml, 'docs'))).not.toEqual([]);
    for (const name of Object.keys(READY_PROFILES)) expect(page).toContain(`| \`${name}\``);
  });
});

import { describe, expect, it } from 'vitest';
import { LearnedRate } from '../../src/gate/learned-rate.ts';

/** A cold start: a few requests were admitted when the first was rejected. */
function learnedFromFew(): LearnedRate {
  const rate = new LearnedRate();
  for (let at = 0; at < 20_000; at += 1_000) rate.accepted(at);
  rate.rejected(20_000);
  return rate;
}

describe('a learned rate', () => {
  it('is a little less than what was admitted in the minute before a rejection', () => {
    const { perMinute } = learnedFromFew();
    expect(perMinute).toBeGreaterThan(15);
    expect(perMinute).toBeLessThan(20);
  });

  it('stands while rejections are no older than a minute of what was admitted', () => {
    const rate = learnedFromFew();
    rate.rejectedAtRest(75_000);
    expect(rate.perMinute).toBeDefined();
  });

  it('is given up when a provider rejects with nothing admitted for longer than a minute: that is no rate', () => {
    const rate = learnedFromFew();
    rate.rejectedAtRest(80_000);
    expect(rate.perMinute).toBeUndefined();
  });
});

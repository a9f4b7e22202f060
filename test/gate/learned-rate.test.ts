import { describe, expect, it } from 'vitest';
import { LearnedRate } from '../../src/gate/learned-rate.ts';

/** A cold start: a few requests were admitted when the first was rejected, and the provider said when to come again. */
function learnedFromFew(): LearnedRate {
  const rate = new LearnedRate();
  for (let at = 0; at < 20_000; at += 1_000) rate.accepted(at);
  rate.rejected(20_000, true);
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

  it('is not learned from one rejection before a minute has flowed, but from a second one soon after', () => {
    const rate = new LearnedRate();
    for (let at = 0; at < 5_000; at += 1_000) rate.accepted(at);
    rate.rejected(5_000, false);
    expect(rate.perMinute).toBeUndefined();
    rate.accepted(8_000);
    rate.rejected(9_000, false);
    expect(rate.perMinute).toBeGreaterThan(5);
    expect(rate.perMinute).toBeLessThan(6);
  });

  it('is learned when the one that goes alone after the rejection is rejected as well', () => {
    const rate = new LearnedRate();
    for (let at = 0; at < 5_000; at += 1_000) rate.accepted(at);
    rate.rejectedAgain(5_000);
    expect(rate.perMinute).toBeUndefined();
    rate.rejected(5_000, false);
    rate.rejectedAgain(7_000);
    expect(rate.perMinute).toBeGreaterThan(4);
  });

  it('is not learned from one rejection of who works slowly, whatever the provider says', () => {
    const rate = new LearnedRate();
    for (let at = 0; at <= 120_000; at += 20_000) rate.accepted(at);
    rate.rejected(121_000, true);
    expect(rate.perMinute).toBeUndefined();
    rate.accepted(130_000);
    rate.rejected(131_000, true);
    expect(rate.perMinute).toBeDefined();
  });

  it('is not learned from two rejections far apart, while no minute has flowed before either', () => {
    const rate = new LearnedRate();
    for (const start of [0, 200_000]) {
      rate.accepted(start);
      rate.rejected(start + 5_000, false);
    }
    expect(rate.perMinute).toBeUndefined();
  });
});

import type { SimulationProfile } from './profile.ts';

const TYPICAL_LATENCY = { firstTokenMs: { p50: 700, p99: 4_000 }, tokenMs: { p50: 15, p99: 60 } } as const;
const TYPICAL_PRICES = { input: 1, output: 5, cachedInput: 0.1 } as const;

/**
 * Profiles by name. Their figures are examples, of the size that one meets, and claims about no provider: what a provider allows
 * an account, and what it costs, stands on the provider's own pages.
 */
export const READY_PROFILES: Readonly<Record<string, SimulationProfile>> = {
  /** A new account: few requests and tokens a minute, told in headers. */
  'low-limits': {
    speed: 10,
    limits: { requestsPerMinute: 60, tokensPerMinute: 200_000 },
    latency: TYPICAL_LATENCY,
    cache: {},
    prices: TYPICAL_PRICES,
  },
  /** The same, from a provider that says nothing of its limits and counts what runs at once. */
  silent: {
    speed: 10,
    limits: { requestsPerMinute: 120, concurrent: 8, told: 'none' },
    latency: TYPICAL_LATENCY,
    prices: TYPICAL_PRICES,
  },
  /** A large model under load. */
  slow: {
    speed: 10,
    latency: { firstTokenMs: { p50: 6_000, p99: 40_000 }, tokenMs: { p50: 50, p99: 400 } },
    prices: { input: 5, output: 25 },
  },
  /** One request in eight comes to nothing, in one way or another. */
  flaky: {
    speed: 10,
    latency: TYPICAL_LATENCY,
    faults: [
      { kind: 'overloaded', share: 0.05 },
      { kind: 'rate-limited', share: 0.03 },
      { kind: 'cut', share: 0.03 },
      { kind: 'malformed', share: 0.01 },
      { kind: 'stall', share: 0.005 },
    ],
    prices: TYPICAL_PRICES,
  },
  /** Works for half a minute, then fails until the second is over, then works again. */
  outage: {
    speed: 10,
    latency: TYPICAL_LATENCY,
    faults: [{ kind: 'overloaded', fromMinute: 0.5, toMinute: 2 }],
    prices: TYPICAL_PRICES,
  },
};

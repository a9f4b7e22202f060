import type { RateLimits } from './model.ts';

/** What the head of an answer says of the provider's limits; null when it says nothing that makes sense. */
export function readRateLimits(header: (name: string) => string | undefined): RateLimits | null {
  void header;
  return null;
}

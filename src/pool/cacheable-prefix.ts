import { createHash } from 'node:crypto';
import type { SessionRecord } from '../journal/session-record.ts';
import type { Opening } from '../protocol/messages.ts';

/** What is shorter is cached by no provider: the least is 1,024 tokens. */
const MIN_CHARS = 4_096;

/** By opening, which sessions share, and by model and options: requests begin alike, and a long beginning is not hashed for each. */
const known = new WeakMap<Opening, Map<string, string | undefined>>();

/**
 * Hash of what each request of a session to a model begins with, equal for sessions whose requests begin alike; undefined where
 * that is too short for a provider to cache it.
 * @param model  `provider:name`
 */
export function cacheablePrefix({ opening, spec }: SessionRecord, model: string): string | undefined {
  if (!opening) return undefined;
  const byTarget = known.get(opening) ?? new Map<string, string | undefined>();
  known.set(opening, byTarget);
  const target = JSON.stringify([model, spec.modelOptions]);
  if (!byTarget.has(target)) byTarget.set(target, hashOf(opening, model, spec.modelOptions));
  return byTarget.get(target);
}

function hashOf(
  { system, tools }: Opening,
  model: string,
  options: Readonly<Record<string, unknown>>,
): string | undefined {
  if ((system?.length ?? 0) + (tools?.length ?? 0) < MIN_CHARS) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([model, tools, system, options]))
    .digest('base64');
}

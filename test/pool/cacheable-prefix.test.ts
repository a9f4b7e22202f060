import { describe, expect, it } from 'vitest';
import { SessionRecord } from '../../src/journal/session-record.ts';
import { cacheablePrefix } from '../../src/pool/cacheable-prefix.ts';
import type { Opening, SessionSpec } from '../../src/protocol/messages.ts';
import { DEFAULT_QUOTA } from '../../src/workspace/workspace.ts';

const MODEL = 'here:m';
/** Sessions that begin alike share one. */
const OPENING: Opening = { system: 'Be brief. '.repeat(500), tools: null };

function session(modelOptions: SessionSpec['modelOptions'] = {}, opening = OPENING): SessionRecord {
  const record = new SessionRecord({
    sessionId: 's',
    model: MODEL,
    modelOptions,
    system: '',
    skills: [],
    tools: [],
    images: [],
    maxTurns: 1,
    quota: DEFAULT_QUOTA,
  });
  record.opening = opening;
  return record;
}

describe('what requests begin with', () => {
  it('is the same for sessions that begin alike, whether they share their opening or not', () => {
    expect(cacheablePrefix(session(), MODEL)).toBe(cacheablePrefix(session({}, { ...OPENING }), MODEL));
  });

  it('is another one for another model, and for other options', () => {
    const prefixes = [
      cacheablePrefix(session(), MODEL),
      cacheablePrefix(session(), 'here:other'),
      cacheablePrefix(session({ tool_choice: 'none' }), MODEL),
    ];
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('is nothing where it is too short for a provider to keep', () => {
    expect(cacheablePrefix(session({}, { system: 'Be brief.', tools: null }), MODEL)).toBeUndefined();
  });
});

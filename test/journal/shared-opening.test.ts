import { describe, expect, it } from 'vitest';
import { sharedOpening } from '../../src/journal/shared-opening.ts';

describe('an opening that sessions share', () => {
  it('is the one that was known first', () => {
    const first = sharedOpening({ system: 'Be brief.', tools: '[{"name":"read"}]' });
    expect(sharedOpening({ system: 'Be brief.', tools: '[{"name":"read"}]' })).toBe(first);
  });

  it('is another one where anything is said otherwise, and nothing is not the same as an empty text', () => {
    const openings = [
      { system: null, tools: null },
      { system: '', tools: null },
      { system: null, tools: '[]' },
      { system: '[]', tools: null },
      { system: '1', tools: null },
    ];
    const shared = openings.map((opening) => sharedOpening(opening));
    expect(shared).toEqual(openings);
    expect(new Set(shared).size).toBe(openings.length);
  });

  it('is forgotten when many others were used since', () => {
    const early = sharedOpening({ system: 'early', tools: null });
    const kept = sharedOpening({ system: 'kept', tools: null });
    for (let index = 0; index < 40; index += 1) {
      sharedOpening({ system: `other ${index}`, tools: null });
      sharedOpening({ system: 'kept', tools: null });
    }
    expect(sharedOpening({ system: 'early', tools: null })).not.toBe(early);
    expect(sharedOpening({ system: 'kept', tools: null })).toBe(kept);
  });
});

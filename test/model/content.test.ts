import { describe, expect, it } from 'vitest';
import { CHAT } from '../../src/model/dialect.ts';
import { describeContent, IMAGE_TOKENS, weighedLength } from '../../src/model/content.ts';
import type { Message } from '../../src/model/message.ts';
import { dataUrlOf, PNG } from '../fixtures/images.ts';

const picture = { type: 'image_url', image_url: { url: dataUrlOf('png', PNG) } } as const;

describe('a message with images', () => {
  it('is told with their kinds and sizes', () => {
    const large = { type: 'image_url', image_url: { url: dataUrlOf('gif', Buffer.alloc(3_000)) } } as const;
    const far = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } } as const;
    const text = { type: 'text', text: 'look' } as const;
    expect(describeContent([text, picture, large, far])).toBe(
      'look\n\n[image: image/png, 1 KiB]\n\n[image: image/gif, 3 KiB]\n\n[image: https://example.org/a.png]',
    );
    expect(describeContent('as it is')).toBe('as it is');
  });

  it('weighs what its images cost, not what their bytes take; a text about one is a text', () => {
    const encoded = (...messages: Message[]): string =>
      messages.map((_, at) => CHAT.encode(messages, at)).join(',');
    const heavy = { type: 'image_url', image_url: { url: dataUrlOf('png', Buffer.alloc(300_000)) } } as const;
    const two = weighedLength(
      encoded({ role: 'user', content: [heavy] }, { role: 'user', content: [picture] }),
    );
    expect(two).toBeGreaterThan(2 * IMAGE_TOKENS * 4);
    expect(two).toBeLessThan(2 * IMAGE_TOKENS * 4 + 200);
    const about: Message = { role: 'user', content: JSON.stringify(heavy) };
    expect(weighedLength(encoded(about))).toBe(encoded(about).length);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader, MAX_EVENT_CHARS } from '../../src/model/event-stream.ts';

/** All events of a text that arrives in pieces of `size` bytes. */
function read(text: string, size = 1 << 20): string[] {
  const reader = new EventStreamReader();
  const bytes = Buffer.from(text);
  const events: string[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    events.push(...reader.push(bytes.subarray(start, start + size)));
  }
  return [...events, ...reader.end()];
}

describe('events', () => {
  it.each([
    ['line feeds', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['carriage returns with line feeds', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['carriage returns', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['no blank after the colon', 'data:a\n\n', ['a']],
    ['one blank taken, the second kept', 'data:  a\n\n', [' a']],
    ['several data lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['an empty data line', 'data\n\ndata:\n\n', ['', '']],
    ['comments and other fields', ': ping\nevent: x\nid: 1\nretry: 5\ndata: a\n\n', ['a']],
    ['a field that only begins alike', 'database: x\ndata: a\n\n', ['a']],
    ['blank lines without data', '\n\n\ndata: a\n\n\n\n', ['a']],
    ['no closing blank line', 'data: a\n\ndata: [DONE]\n', ['a', '[DONE]']],
    ['an unfinished line', 'data: a\n\ndata: [DON', ['a']],
  ])('are read with %s', (_what, text, events) => {
    expect(read(text)).toEqual(events);
  });

  it('are the same however the bytes are cut', () => {
    const line = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', ' ', '🎉', 'é', ': x'));
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, ending)), fc.integer({ min: 1, max: 9 }), (lines, size) => {
        const text = lines
          .map(([value, end]) => `data: ${value.replaceAll(/[\r\n]/g, '')}${end}${end}`)
          .join('');
        expect(read(text, size)).toEqual(read(text));
      }),
    );
  });
});

describe('a line without end', () => {
  it('is refused before it fills the memory', () => {
    const reader = new EventStreamReader();
    const block = Buffer.alloc(1024 * 1024, 'x');
    expect(() => {
      for (let sent = 0; sent <= 2 * MAX_EVENT_CHARS; sent += block.length) reader.push(block);
    }).toThrow(expect.objectContaining({ code: 'model_error', kind: 'bad-response' }) as Error);
  });
});

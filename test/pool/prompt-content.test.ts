import { describe, expect, it } from 'vitest';
import { promptContent, type PromptContent } from '../../src/pool/prompt-content.ts';
import { dataUrlOf, GIF, JPEG, PNG, WEBP } from '../fixtures/images.ts';

const files: Record<string, string | Uint8Array> = { 'shot.png': PNG, 'notes.txt': 'hello', empty: '' };
const MIB = 1024 * 1024;

function read(content: unknown): ReturnType<typeof promptContent> {
  return promptContent(content as PromptContent, (path) => files[path]);
}

function png(bytes: number): Buffer {
  return Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length)]);
}

const image = (data: unknown, mediaType?: string): object => ({
  type: 'image',
  data,
  ...(mediaType === undefined ? {} : { mediaType }),
});
const url = (of: string): object => ({ type: 'image_url', image_url: { url: of } });

describe('what a prompt says', () => {
  it('is a text, or texts alone, which are one', () => {
    expect(read('hi')).toEqual({ text: 'hi' });
    expect(read('')).toEqual({ text: '' });
    const texts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    expect(read(texts)).toEqual({ text: 'a\n\nb' });
  });

  it.each([
    ['png', PNG],
    ['gif', GIF],
    ['jpeg', JPEG],
    ['webp', WEBP],
  ])('can have a %s image, as bytes or in base64', (type, bytes) => {
    const expected = { text: '', content: [url(dataUrlOf(type, bytes))] };
    expect(read([image(bytes, `image/${type}`)])).toEqual(expected);
    expect(read([image(new Uint8Array(bytes), `image/${type}`)])).toEqual(expected);
    expect(read([image(bytes.toString('base64'), `image/${type}`)])).toEqual(expected);
  });

  it('keeps texts and images in order; bytes, files and addresses alike', () => {
    const content = [
      { type: 'text', text: 'compare' },
      { type: 'image', path: './shot.png' },
      { type: 'text', text: 'with' },
      { type: 'image', url: 'https://example.org/a.png?size=1' },
      { type: 'image', path: '/shot.png', mediaType: 'image/png' },
    ];
    expect(read(content)).toEqual({
      text: 'compare\n\nwith',
      content: [
        { type: 'text', text: 'compare' },
        url(dataUrlOf('png', PNG)),
        { type: 'text', text: 'with' },
        url('https://example.org/a.png?size=1'),
        url(dataUrlOf('png', PNG)),
      ],
    });
  });

  it('holds what its bytes were, whatever becomes of them', () => {
    const bytes = new Uint8Array(PNG);
    const { content } = read([image(bytes, 'image/png')]);
    bytes.fill(0);
    expect(content).toEqual([url(dataUrlOf('png', PNG))]);
  });

  it('has at most 20 images of 10 MiB, and 32 MiB of them in all', () => {
    const twenty = Array.from({ length: 20 }, () => image(PNG, 'image/png'));
    expect(read(twenty).content).toHaveLength(20);
    expect(read([image(png(10 * MIB), 'image/png')]).content).toHaveLength(1);
    const large = png(8 * MIB);
    expect(read([1, 2, 3, 4].map(() => image(large, 'image/png'))).content).toHaveLength(4);
  });

  it.each<[string, unknown, string, string]>([
    ['a number', 7, 'prompt', 'expected a text or a list of parts, but was given 7'],
    ['nothing', undefined, 'prompt', 'expected a text or a list of parts, but was given undefined'],
    ['null', null, 'prompt', 'but was given null'],
    ['one part that is not in a list', { type: 'text', text: 'a' }, 'prompt', 'but was given an object'],
    ['no parts', [], 'prompt', 'expected 1 to 100 parts'],
    ['too many parts', Array.from({ length: 101 }, () => ({ type: 'text', text: '' })), 'prompt', '101'],
    ['a text among them', ['a'], 'prompt[0]', 'expected a part'],
    ['a part of no kind', [{ text: 'a' }], 'prompt[0].type', 'but was given nothing'],
    ['a part of Chat Completions', [url('https://a')], 'prompt[0].type', 'but was given "image_url"'],
    ['a text that is none', [{ type: 'text', text: 1 }], 'prompt[0].text', 'expected string'],
    ['a misspelt key', [{ type: 'text', text: '', txt: '' }], 'prompt[0].txt', 'has no such key'],
    ['an image of nothing', [{ type: 'image' }], 'prompt[0]', 'but was given none'],
    ['an image of two things', [{ type: 'image', path: 'a', url: 'b' }], 'prompt[0]', 'path and url'],
    ['bytes of no type', [image(PNG)], 'prompt[0].mediaType', 'is missing; expected one of image/png'],
    ['bytes of another type', [image(PNG, 'image/gif')], 'prompt[0].mediaType', 'those of image/png'],
    ['a type that nobody takes', [image(PNG, 'image/bmp')], 'prompt[0].mediaType', 'given "image/bmp"'],
    ['what is no image', [image(Buffer.from('%PDF-1.7'), 'image/png')], 'prompt[0].data', 'a PDF document'],
    ['an SVG', [image(Buffer.from('<svg/>'), 'image/png')], 'prompt[0].data', 'is no PNG, JPEG, GIF or WebP'],
    ['no bytes', [image(Buffer.alloc(0), 'image/png')], 'prompt[0].data', 'is empty'],
    ['an array of numbers', [image([1, 2], 'image/png')], 'prompt[0].data', 'expected bytes'],
    ['a data URL', [image(dataUrlOf('png', PNG), 'image/png')], 'prompt[0].data', 'is not base64'],
    [
      'base64 with breaks',
      [image(`${PNG.toString('base64')}\n`, 'image/png')],
      'prompt[0].data',
      'not base64',
    ],
    ['base64 for URLs', [image('_-8=', 'image/png')], 'prompt[0].data', 'is not base64'],
    ['too large an image', [image(png(10 * MIB + 1), 'image/png')], 'prompt[0].data', 'at most 10485760'],
    ['too much base64', [image('A'.repeat(16 * MIB), 'image/png')], 'prompt[0].data', 'is longer than'],
    [
      'too many images',
      Array.from({ length: 21 }, () => image(PNG, 'image/png')),
      'prompt[20]',
      'at most 20',
    ],
    [
      'too much of them',
      Array.from({ length: 5 }, () => image(png(8 * MIB), 'image/png')),
      'prompt[4].data',
      'at most 33554432',
    ],
    ['a file that is not there', [{ type: 'image', path: 'a.png' }], 'prompt[0].path', 'no file "a.png"'],
    ['a path that leads out', [{ type: 'image', path: '../a.png' }], 'prompt[0].path', 'contains ".."'],
    ['a path that is none', [{ type: 'image', path: 1 }], 'prompt[0].path', 'expected string'],
    ['a file that is no image', [{ type: 'image', path: 'notes.txt' }], 'prompt[0].path', 'is no PNG'],
    ['a file that is empty', [{ type: 'image', path: 'empty' }], 'prompt[0].path', 'is empty'],
    [
      'a file of another type',
      [{ type: 'image', path: 'shot.png', mediaType: 'image/webp' }],
      'prompt[0].mediaType',
      'image/png',
    ],
    [
      'an address of a file',
      [{ type: 'image', url: 'file:///etc/passwd' }],
      'prompt[0].url',
      'http or https',
    ],
    ['an address that is none', [{ type: 'image', url: 'a.png' }], 'prompt[0].url', 'http or https'],
    ['an address that holds it', [{ type: 'image', url: dataUrlOf('png', PNG) }], 'prompt[0].url', 'as data'],
    [
      'an address with a password',
      [{ type: 'image', url: 'https://a:b@c/' }],
      'prompt[0].url',
      'without user',
    ],
    [
      'too long an address',
      [{ type: 'image', url: `https://a/${'x'.repeat(9_000)}` }],
      'prompt[0].url',
      'longer',
    ],
  ])('is refused with %s', (_, content, option, reason) => {
    expect(() => read(content)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        option,
        message: expect.stringContaining(reason) as string,
      }),
    );
  });
});

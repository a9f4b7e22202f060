import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { providerSecrets } from '../src/model/provider-secrets.ts';
import { Redactor } from '../src/redactor.ts';

const KEY = 'sk-or-v1-0123456789abcdef/+"é&<0123';

describe('a known value', () => {
  const redactor = new Redactor([KEY]);

  it.each<[string, string]>([
    ['as it is', KEY],
    ['in JSON', JSON.stringify({ key: KEY })],
    ['in a URL', `https://x/?key=${encodeURIComponent(KEY)}&b`],
    ['in HTML, by numbers', KEY.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)],
    ['in HTML, by names', KEY.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
    ['in Base64', Buffer.from(KEY).toString('base64')],
    ['in the Base64 of a header', Buffer.from(`Bearer ${KEY}`).toString('base64')],
    ['in the Base64 of a login', Buffer.from(`ann:${KEY}\n`).toString('base64')],
    ['in URL-safe Base64', Buffer.from(`{"k":"${KEY}"}`).toString('base64url')],
  ])('is not seen %s', (_how, text) => {
    const clean = redactor.redact(`before ${text} after`);
    expect(clean).toContain('[redacted]');
    expect(clean).not.toContain('0123456789');
    expect(clean).not.toContain(Buffer.from('0123456789ab').toString('base64').slice(2, -2));
    expect(clean.startsWith('before ') && clean.endsWith(' after')).toBe(true);
  });

  it('is not seen in arguments whose JSON spells it in escapes', () => {
    const spelled = Array.from(KEY, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const clean = redactor.redactJson(`{"content":"a${spelled}b","n":1}`);
    expect(JSON.parse(clean)).toEqual({ content: 'a[redacted]b', n: 1 });
  });

  it('leaves arguments as they were written when it is not in them', () => {
    const args = '{ "content" : "a\\u0073\\n", "x": 1.0 }';
    expect(redactor.redactJson(args)).toBe(args);
    expect(redactor.redactJson('{"cut": "\\u00')).toBe('{"cut": "\\u00');
  });

  it('is not seen in part where a text was cut off inside it', () => {
    for (let end = 1; end < KEY.length; end += 1) {
      expect(redactor.redactCut(`so: ${KEY.slice(0, end)}`)).toBe('so: ');
    }
  });

  it('that is short is taken out of messages only, and a shorter one of nothing', () => {
    const short = new Redactor(['hunter2', 'abc', 'lm-studio']);
    expect(short.redact('hunter2 abc lm-studio')).toBe('hunter2 abc lm-studio');
    expect(short.redactMessage('hunter2 abc lm-studio')).toBe('[redacted] abc [redacted]');
  });
});

describe('text in pieces', () => {
  /** Values that overlap each other and themselves, over two letters, so that every kind of near miss comes up. */
  const secrets = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 8, maxLength: 11 }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  const text = fc.array(fc.constantFrom('a', 'b', 'aab', 'abab', '-', 'é'), { maxLength: 60 });

  it('is what the whole is, wherever it is cut', () => {
    fc.assert(
      fc.property(secrets, text, fc.array(fc.nat(200)), (known, parts, cuts) => {
        const redactor = new Redactor(known);
        const whole = parts.join('') + (known[0] ?? '') + parts.join('');
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length];
        const stream = redactor.stream();
        const pieces = at.slice(1).map((end, i) => stream.push(whole.slice(at[i], end)));
        const seen = pieces.join('');
        for (const secret of known) expect(seen).not.toContain(secret);
        expect(seen + stream.end()).toBe(redactor.redact(whole));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never shows a key, cut at every place and unit by unit', () => {
    const redactor = new Redactor([KEY]);
    const whole = `x${KEY}y sk-or ${KEY}${KEY}`;
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const stream = redactor.stream();
      expect(stream.push(whole.slice(0, cut)) + stream.push(whole.slice(cut)) + stream.end()).toBe(
        'x[redacted]y sk-or [redacted][redacted]',
      );
    }
    const stream = redactor.stream();
    const units = Array.from({ length: whole.length }, (_, i) => stream.push(whole[i]!));
    expect(units.join('') + stream.end()).toBe('x[redacted]y sk-or [redacted][redacted]');
  });

  it('is held back only where a known value may have begun', () => {
    const stream = new Redactor(['secret-0123']).stream();
    expect(stream.push('Yes, it was not')).toBe('Yes, it was not');
    expect(stream.push(' secre')).toBe(' ');
    expect(stream.push('tary')).toBe('secretary');
    expect(stream.push(' work s')).toBe(' work ');
    expect(stream.end()).toBe('s');
  });

  it('passes as the same string when nothing is known', () => {
    expect(new Redactor().stream().push('sk-0123456789abcdefghij')).toBe('sk-0123456789abcdefghij');
  });
});

describe('a message', () => {
  const redactor = new Redactor();

  it.each([
    ['bearer', 'got Authorization: Bearer abcdef0123456789=='],
    ['basic', '"authorization":"Basic YW5uOnBhc3N3b3JkMQ=="'],
    ['OpenAI', 'Incorrect API key provided: sk-proj-aB3dEf6hIj9lMn2pQr5t'],
    ['OpenRouter', `sk-or-v1-${'0123456789abcdef'.repeat(4)}`],
    ['Anthropic', `sk-ant-api03-${'aB3_'.repeat(20)}`],
    ['Groq', `gsk_${'aB3d'.repeat(13)}`],
    ['Hugging Face', `hf_${'aB3dE'.repeat(7)}`],
    ['Google', `AIza${'aB3-_'.repeat(7)}`],
    ['GitHub', `ghp_${'aB3d'.repeat(9)}`],
    ['AWS', 'AKIAABCDEFGHIJ234567'],
    ['Slack', 'xoxb-123456789012-abcdefghijkl'],
    ['a web token', `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.c-_`],
    ['a login', 'postgres://ann:pass-word@host/db'],
  ])('loses what looks like a credential (%s)', (_what, text) => {
    const clean = redactor.redactMessage(text);
    expect(clean).toContain('[redacted]');
    expect(clean).not.toMatch(/abcdef0123|YW5u|aB3|[0-9a-f]{16}|ABCDEF|123456789012|aaaa|pass-word/);
    expect(redactor.redact(text)).toBe(text);
  });

  it.each([
    'basic authentication is required',
    'Bearer authentication-required',
    'bearer tokens are refused; use an api key',
    'task-0123456789-abcdefghijklmn and risk-free-0123456789',
    'const skeleton = sk-learn-contrib-package-name',
    'https://example.com:8080/path@2.0/a:b',
    'the maximum context length is 128000 tokens',
    'eyJhbGciOiJIUzI1NiJ9 alone is only a header',
  ])('keeps what only resembles one: %s', (text) => {
    expect(redactor.redactMessage(text)).toBe(text);
  });

  it('of source code is left as it is', () => {
    const sources = fileURLToPath(new URL('../src', import.meta.url));
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(100);
    for (const name of files) {
      const text = readFileSync(join(sources, name), 'utf8');
      expect(redactor.redactMessage(text), name).toBe(text);
    }
  });

  it.each([
    ['a-', 'a-'],
    ['sk-', 'sk-'],
    ['-eyJ', 'eyJ'],
    ['bearer ', 'bearer'],
    ['a.b:', 'scheme'],
  ])('of many times %j costs no more than its length', (unit) => {
    // Quadratic patterns take minutes for this; the test's own deadline tells.
    const text = unit.repeat(300_000);
    expect(redactor.redactMessage(text)).toHaveLength(text.length);
  });
});

describe('the secrets of a provider', () => {
  const provider = { name: 'p', baseURL: 'http://x', apiKey: '', headers: {}, quirks: {} };

  it('are its key and what headers hold that look like credentials', () => {
    const headers = {
      'x-api-key': 'header-key-1',
      'Proxy-Authorization': `Basic ${Buffer.from('ann:pass:word').toString('base64')}`,
      'x-odd': 'Bearer token-2',
      Cookie: 'a=cookie-1; b=cookie-2',
      'X-OpenRouter-Title': 'skein',
      'anthropic-beta': 'tools-2024-04-04',
    };
    const secrets = providerSecrets({ ...provider, apiKey: 'the-key', headers });
    expect(secrets).toEqual(
      expect.arrayContaining(['the-key', 'header-key-1', 'pass:word', 'token-2', 'cookie-1', 'cookie-2']),
    );
    expect(secrets.join(' ')).not.toMatch(/skein|tools-2024/);
  });

  it('are also the password in its URL', () => {
    const secrets = providerSecrets({ ...provider, baseURL: 'https://ann:p%40ss-word@x/v1' });
    expect(secrets).toEqual(['p%40ss-word', 'p@ss-word']);
  });
});

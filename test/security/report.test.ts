import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchOutput } from '../../src/batch/batch-output.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { outcomeOf } from '../batch/outcomes.ts';
import { payloads } from './payloads.ts';

const CHROMIUM = 'chromium';
const hasBrowser = spawnSync(CHROMIUM, ['--version']).status === 0;
const PAYLOADS = payloads('browser', 520);

let directory: string;
let html: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skein-report-'));
  const image = baseImage.fromFiles({ 'a.ts': 'one\n' });
  const output = await BatchOutput.create(join(directory, 'out'), image);
  const items = PAYLOADS.map((payload, i) => {
    const file = `f${i}${payload.replace(/[/\0\\]/g, '|').slice(0, 60)}`;
    const outcome = outcomeOf(
      `${i} ${payload}`,
      image,
      { [file]: `${payload}\n+++ ${payload}\n` },
      'max-turns',
      payload,
    );
    return {
      ...outcome,
      item: { ...outcome.item, number: i + 1 },
      error: { code: payload, message: payload },
    };
  });
  for (const item of items) await output.writeItem(item);
  await output.finish(
    {
      items,
      interrupted: true,
      stoppedBy: { code: 'x', message: PAYLOADS[0]! },
      startedAt: new Date(0),
      durationMs: 5,
    },
    { name: PAYLOADS[7]!, model: PAYLOADS[3]!, concurrency: 2, source: directory },
  );
  html = readFileSync(join(directory, 'out', 'report.html'), 'utf8');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a report of 520 items made of markup', () => {
  it('has no tag, attribute or link but its own', () => {
    const body = html.replace(/<style>[\s\S]*?<\/style>/, '');
    const tags = [...body.matchAll(/<\/?([a-z0-9!-]+)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*>/gi)];
    expect(tags.length).toBe([...body.matchAll(/</g)].length);
    const own =
      'a b body code details div doctype footer h1 h2 head html li main meta p pre rect section small span style summary svg title ul';
    const names = new Set(tags.map(([, name]) => name!.toLowerCase().replace('!', '')));
    expect([...names].filter((name) => !own.split(' ').includes(name))).toEqual([]);
    const attributes = new Set(
      tags.flatMap(([, , text]) => [...text!.matchAll(/([a-z-]+)="/gi)].map(([, a]) => a)),
    );
    expect(
      [...attributes].filter((name) => name!.startsWith('on') || name === 'style' || name === 'src'),
    ).toEqual([]);
    for (const [, href] of body.matchAll(/href="([^"]*)"/g)) {
      expect(href).toMatch(/^(?:patches\/[\w.-]+|merged\.patch|report\.json)$/);
    }
  });

  it.skipIf(!hasBrowser)(
    'fires no script in a browser, even without its policy (needs chromium)',
    () => {
      // Its policy would stop what is not escaped, too: without it, only the escaping is left. The canary proves that
      // scripts do run on this page.
      const bare = html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
      const canary =
        '<script>window.fired = (n) => document.documentElement.setAttribute("data-fired", n);</script>';
      const armed = bare.replace('<head>', `<head>${canary}`);
      expect(domOf(armed.replace('</main>', '<img src=x onerror=fired("canary")></main>'))).toContain(
        'data-fired="canary"',
      );
      const dom = domOf(armed);
      expect(dom).toContain('520');
      expect(/<html[^>]*>/.exec(dom)?.[0]).not.toContain('data-fired');
    },
    120_000,
  );
});

function domOf(page: string): string {
  const file = join(directory, 'page.html');
  writeFileSync(file, page);
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=3000', '--dump-dom'];
  const { stdout } = spawnSync(
    CHROMIUM,
    [...flags, `--user-data-dir=${join(directory, 'profile')}`, pathToFileURL(file).href],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: 50_000,
    },
  );
  return stdout;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchOutput } from '../../src/batch/batch-output.ts';
import { reportHtml } from '../../src/bench/report/report-html.ts';
import type { ItemOutcome } from '../../src/batch/run-batch.ts';
import type { BaseImage } from '../../src/workspace/base-image.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { syntheticResult } from '../bench/synthetic-result.ts';
import { outcomeOf } from '../batch/outcomes.ts';
import { payloads } from './payloads.ts';

const CHROMIUM = 'chromium';
const hasBrowser = spawnSync(CHROMIUM, ['--version']).status === 0;
const PAYLOADS = payloads('browser', 520);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-report-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const CASES: readonly [string, string, () => Promise<string>][] = [
  ['items', '520', itemsPage],
  ['conflicts', '>before<', conflictsPage],
  ['a benchmark', 'Slowest prompts', benchmarkPage],
];

describe.each(CASES)('a report of %s made of markup', (_, sign, make) => {
  let html: string;
  beforeAll(async () => {
    html = await make();
  });

  it('has no tag, attribute or link but its own', () => {
    const body = html.replace(/<style>[\s\S]*?<\/style>/, '');
    const tags = [...body.matchAll(/<\/?([a-z0-9!-]+)((?:\s+[a-z][a-z0-9-]*(?:="[^"<>]*")?)*)\s*>/gi)];
    expect(tags.length).toBe([...body.matchAll(/</g)].length);
    const own =
      'a b body br circle code details div doctype figcaption figure footer h1 h2 head html li line main meta p path pre rect section small span style summary svg table tbody td text th thead title tr ul';
    const names = new Set(tags.map(([, name]) => name!.toLowerCase().replace('!', '')));
    expect([...names].filter((name) => !own.split(' ').includes(name))).toEqual([]);
    const attributes = new Set(
      tags.flatMap(([, , text]) => [...text!.matchAll(/([a-z][a-z0-9-]*)="/gi)].map(([, a]) => a)),
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
      expect(dom).toContain(sign);
      expect(/<html[^>]*>/.exec(dom)?.[0]).not.toContain('data-fired');
    },
    120_000,
  );
});

/** 520 items that failed, each with a payload for its name, its file, what is in that, its reply and its error. */
function itemsPage(): Promise<string> {
  const image = baseImage.fromFiles({ 'a.ts': 'one\n' });
  const items = PAYLOADS.map((payload, i) => {
    const files = { [fileName(i, payload)]: `${payload}\n+++ ${payload}\n` };
    return {
      ...outcomeOf(`${i} ${payload}`, image, files, 'max-turns', payload),
      error: { code: payload, message: payload },
    };
  });
  return pageOf(image, items);
}

/** 130 files that four items each have changed in one place, made of payloads before and after. */
function conflictsPage(): Promise<string> {
  const names = PAYLOADS.slice(0, PAYLOADS.length / 4).map((payload, i) => fileName(i, payload));
  const image = baseImage.fromFiles(
    Object.fromEntries(names.map((name, i) => [name, `${PAYLOADS.at(-i - 1)}\n`])),
  );
  const items = PAYLOADS.map((payload, i) =>
    outcomeOf(`${i} ${payload}`, image, { [names[i % names.length]!]: `${i} ${payload}\n` }),
  );
  return pageOf(image, items);
}

/** A benchmark whose targets, scenarios, errors, check messages, marks, plan and machine are payloads. */
function benchmarkPage(): Promise<string> {
  const targets = PAYLOADS.slice(0, 8).map((name) => ({ name }));
  const result = syntheticResult({ targets, conversations: 65, chance: 1 });
  const at = (i: number): string => PAYLOADS[i % PAYLOADS.length]!;
  const html = reportHtml({
    ...result,
    startedAt: at(1),
    skein: at(2),
    node: at(3),
    planHash: at(4),
    machine: { ...result.machine, platform: at(5), cpu: at(6) },
    marks: PAYLOADS.map((message) => ({ code: 'saturated', message, target: message })),
    plan: {
      ...result.plan,
      name: at(7),
      scenarios: PAYLOADS.map((name) => ({ ...result.plan.scenarios[0]!, name })),
    },
    overall: { ...result.overall, errors: Object.fromEntries(PAYLOADS.map((error) => [error, 1])) },
    targets: result.targets.map((target, i) => ({
      ...target,
      model: at(i),
      scenarios: PAYLOADS.map((name) => ({ name, measures: target.measures })),
    })),
    prompts: result.prompts.map((prompt, i) => ({
      ...prompt,
      scenario: at(i + 1),
      stopReason: at(i + 2),
      passed: false,
      error: i % 2 === 0 ? at(i) : null,
      checkMessage: at(i),
    })),
  });
  return Promise.resolve(html);
}

const fileName = (i: number, payload: string): string =>
  `f${i}${payload.replace(/[/\0\\]/g, '|').slice(0, 60)}`;

async function pageOf(image: BaseImage, outcomes: readonly ItemOutcome[]): Promise<string> {
  const out = mkdtempSync(join(directory, 'out-'));
  const output = await BatchOutput.create(out, image);
  const items = outcomes.map((outcome, i) => ({ ...outcome, item: { ...outcome.item, number: i + 1 } }));
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
  return readFileSync(join(out, 'report.html'), 'utf8');
}

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

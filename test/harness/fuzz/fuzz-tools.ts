import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFiles } from '../../../src/workspace/from-files.ts';
import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { Prng } from '../shared/prng.ts';
import { BASE_FILES } from './base-files.ts';
import { DiskWatch } from './disk-watch.ts';
import { Findings } from './findings.ts';
import { PrototypeWatch } from './prototype-watch.ts';
import { hostPaths } from './spelled-paths.ts';
import { ToolEpisode } from './tool-episode.ts';

const CALLS_PER_EPISODE = 1_000;
const SECRET = 'the-content-of-a-file-outside';

export interface ToolFuzzOptions {
  readonly seed: number;
  readonly calls: number;
  /** Runs this episode alone: the place of a find names it. */
  readonly episode?: number;
}

/**
 * Calls tools and workspaces as a wild model would, and compares every answer and every tree with a plain model of
 * them. Without giving way: whatever touches the disk meanwhile is skein.
 */
export function fuzzTools(options: ToolFuzzOptions): { figures: Figure[]; findings: Findings } {
  const findings = new Findings();
  const outside = mkdtempSync(join(tmpdir(), 'skein-fuzz-'));
  const canary = join(outside, 'canary.txt');
  writeFileSync(canary, SECRET);
  const image = fromFiles(BASE_FILES);
  const watch = new PrototypeWatch();
  const disk = new DiskWatch();
  const startedAt = performance.now();
  let calls = 0;
  let refusals = 0;
  disk.start();
  try {
    const first = options.episode ?? 0;
    for (let index = first; calls < options.calls && !findings.isFull; index++) {
      if (options.episode !== undefined && index !== first) break;
      const episode = new ToolEpisode({
        name: `episode ${index}`,
        prng: new Prng(options.seed).fork(`tools ${index}`),
        image,
        host: hostPaths(canary),
        forbidden: [SECRET, process.cwd(), homedir(), tmpdir()].filter((text) => text.length > 1),
        watch,
        findings,
      });
      const wanted = Math.min(CALLS_PER_EPISODE, options.calls - calls);
      episode.run(wanted);
      calls += wanted;
      refusals += episode.refusals;
    }
  } finally {
    disk.stop();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const call of disk.calls) findings.add('escape', 'the real disk', call);
  if (readdirSync(outside).length !== 1 || readFileSync(canary, 'utf8') !== SECRET) {
    findings.add('escape', 'the real disk', 'the canary was changed');
  }
  rmSync(outside, { recursive: true });
  if (!watch.isUntouched) findings.add('prototype', 'the end', 'a built-in prototype was changed');
  const figures = [
    told('tool calls', calls),
    none('tools: answer or tree unlike the model', findings.count('differs')),
    none('tools: escapes', findings.count('escape')),
    none('tools: uncaught', findings.count('uncaught')),
    none('tools: prototype changes', findings.count('prototype')),
    none('tools: host paths in a result', findings.count('host path')),
    none('tools: results over the limits', findings.count('too long')),
    // A generator that only makes calls that are refused finds nothing and says so.
    atLeast(
      'tools: calls that worked, of a hundred',
      25,
      calls === 0 ? 0 : (100 * (calls - refusals)) / calls,
    ),
    told('tools: calls/s', Math.round(calls / seconds)),
  ];
  return { figures, findings };
}

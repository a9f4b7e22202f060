import { parseJob } from '../../../src/batch/job.ts';
import { ConfigFileError, SkillError } from '../../../src/errors.ts';
import { parseScript } from '../../../src/model/scripted/parse-script.ts';
import { parseSkill } from '../../../src/skills/parse-skill.ts';
import { atLeast, atMost, none, told, type Figure } from '../shared/figures.ts';
import { Prng } from '../shared/prng.ts';
import { Findings } from './findings.ts';
import { PrototypeWatch } from './prototype-watch.ts';
import { BOMBS, drawYaml, GOOD } from './yaml-texts.ts';

/** CPU time of one document, in milliseconds. */
const MAX_CPU_MS = 50;

type Reader = (text: string) => object;

/** The readers of YAML, and all keys that their results may have. */
const READERS: Readonly<Record<keyof typeof GOOD, { read: Reader; keys: readonly string[] }>> = {
  skill: {
    read: (text) => parseSkill(text, { path: 'deploy/SKILL.md', folder: 'deploy', dir: 'deploy' }).skill,
    keys: [
      'name',
      'description',
      'body',
      'path',
      'dir',
      'metadata',
      'allowedTools',
      'disableModelInvocation',
      'resources',
    ],
  },
  job: {
    read: (text) => parseJob(text, 'job.yaml'),
    keys: [
      'name',
      'prompt',
      'each',
      'model',
      'system',
      'skills',
      'tools',
      'maxTurns',
      'concurrency',
      'modelOptions',
      'timeoutMs',
      'include',
      'exclude',
      'schema',
      'budget',
      'itemBudget',
    ],
  },
  script: {
    read: (text) => parseScript(text, 'script.yaml'),
    keys: ['models', 'seed', 'rules', 'limits', 'cache', 'prices', 'storm'],
  },
};

/** Reads front matter, job files and model scripts as no author means them: a value of the schema, or an error of skein's. */
export function fuzzYaml(options: { seed: number; documents: number }): {
  figures: Figure[];
  findings: Findings;
} {
  const findings = new Findings();
  const watch = new PrototypeWatch();
  let slowestMs = 0;
  let slowest = '';
  let accepted = 0;
  let count = 0;
  const attempt = (kind: keyof typeof GOOD, text: string, place: string): void => {
    count++;
    const { read, keys } = READERS[kind];
    const before = process.cpuUsage();
    try {
      const value = read(text);
      accepted++;
      const problem = problemOf(value, keys);
      if (problem) findings.add('not of the schema', place, `${problem}: ${text.slice(0, 1_000)}`);
    } catch (error) {
      if (!(error instanceof ConfigFileError) && !(error instanceof SkillError)) {
        findings.add('uncaught', place, `${String(error)}: ${text.slice(0, 1_000)}`);
      }
    }
    const used = process.cpuUsage(before);
    let ms = (used.user + used.system) / 1_000;
    // What other threads of this process did counts too, so that only what is slow again is slow.
    if (ms > MAX_CPU_MS)
      ms = Math.min(
        ms,
        cpuMsOf(() => read(text)),
        cpuMsOf(() => read(text)),
      );
    if (ms > slowestMs) [slowestMs, slowest] = [ms, place];
    if (!watch.isClean) findings.add('prototype', place, text.slice(0, 1_000));
  };

  const kinds = Object.keys(GOOD) as (keyof typeof GOOD)[];
  for (const kind of kinds) {
    attempt(kind, GOOD[kind], `the good ${kind}`);
    for (const [i, bomb] of BOMBS.entries()) {
      attempt(kind, kind === 'skill' ? `---\n${bomb}\n---\n` : bomb, `bomb ${i} as a ${kind}`);
      // Where the schema takes anything, so that nothing but the reader of YAML stands in its way.
      attempt(kind, holding(kind, bomb), `bomb ${i} in a ${kind}`);
    }
  }
  if (accepted < kinds.length) findings.add('not of the schema', 'the good documents', 'one was refused');
  const bombs = count;
  for (let i = 0; i < options.documents && !findings.isFull; i++) {
    const prng = new Prng(options.seed).fork(`yaml ${i}`);
    const kind = prng.pick(kinds);
    attempt(kind, drawYaml(prng, GOOD[kind]), `document ${i}, a ${kind}`);
  }
  if (!watch.isUntouched) findings.add('prototype', 'the end', 'a built-in prototype was changed');
  const figures = [
    told('yaml: documents', count),
    atLeast('yaml: bombs', 40, bombs),
    none('yaml: accepted but not of the schema', findings.count('not of the schema')),
    none('yaml: thrown but no error of skein', findings.count('uncaught')),
    none('yaml: prototype changes', findings.count('prototype')),
    atMost('yaml: slowest', MAX_CPU_MS, slowestMs, 'ms CPU'),
    told('yaml: slowest was', slowest),
    told('yaml: accepted, of a hundred', (100 * accepted) / count),
  ];
  return { figures, findings };
}

/** A document that is right but for the bomb in it. */
function holding(kind: keyof typeof GOOD, bomb: string): string {
  const block = bomb.replace(/^\ufeff/, '').split(/\r?\n/);
  if (kind === 'skill') return `---\nname: deploy\ndescription: x\n${block.join('\n')}\n---\n`;
  const [key, indent] =
    kind === 'job'
      ? ['modelOptions', '  ']
      : ['rules:\n  - answer:\n      calls:\n        - name: read\n          arguments', '            '];
  return `${kind === 'job' ? GOOD.job.replace(/^modelOptions.*\n/m, '') : ''}${key}:\n${block.map((line) => indent + line).join('\n')}\n`;
}

function cpuMsOf(act: () => unknown): number {
  const before = process.cpuUsage();
  try {
    act();
  } catch {
    // Refused as the first time.
  }
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1_000;
}

/** Why a value is not plain data of the closed schema, in words. */
function problemOf(value: object, keys: readonly string[]): string | undefined {
  const stranger = Reflect.ownKeys(value).find((key) => typeof key !== 'string' || !keys.includes(key));
  if (stranger !== undefined) return `the key ${String(stranger)}`;
  if ('isAdmin' in value || 'polluted' in value || 'role' in value) return 'a key from the prototype';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'a strange prototype';
  // A few bytes that stand for megabytes, or for themselves.
  const json = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'function' ? null : inner));
  return json.length > 4 * 1024 * 1024 ? `${json.length} characters as JSON` : undefined;
}

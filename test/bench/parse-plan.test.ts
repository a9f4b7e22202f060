import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBenchPlan } from '../../src/bench/parse-plan.ts';
import { ConfigFileError } from '../../src/errors.ts';

const LEAST = 'name: quick\ntargets: [ollama:a]\nscenarios: [{ prompt: Hello. }]\n';

describe('a plan file that is right', () => {
  it('needs no more than a name, a target and a prompt', () => {
    expect(parseBenchPlan(LEAST, 'plan.yaml')).toEqual({
      name: 'quick',
      targets: [
        {
          name: 'ollama:a',
          model: 'ollama:a',
          baseURL: null,
          api: null,
          limits: null,
          system: null,
          modelOptions: {},
        },
      ],
      order: 'together',
      scenarios: [
        {
          name: 'prompt',
          weight: 1,
          prompts: ['Hello.'],
          inputs: [],
          files: { kind: 'inline', files: {} },
          skills: [],
          tools: null,
          system: null,
          maxTurns: null,
          schema: null,
          check: null,
        },
      ],
      arrival: { kind: 'closed', atOnce: 8 },
      warmUp: { count: 0 },
      extent: { count: 100 },
      seed: 1,
      sendSeed: false,
      timeoutMs: null,
      budget: null,
      pool: { isolation: 'thread', threads: null, modelThreads: null, attempts: null },
    });
  });

  it('may say everything', () => {
    const all = `
name: all
targets:
  - openrouter:small
  - name: local
    model: mine:big
    baseURL: http://127.0.0.1:8080/v1
    api: responses
    limits: { startInFlight: 64 }
    system: Be brief.
    modelOptions: { temperature: 0 }
scenarios:
  - name: fix
    weight: 2.5
    prompts: ['Fix {{path}} of {{index}}.', Go on.]
    inputs: [{ path: a.ts, n: 1 }, { path: b.ts }]
    files: { directory: src, include: '**/*.ts', exclude: [dist] }
    skills: skills
    tools: [coding-agent, ./tools.mjs]
    system: You fix.
    maxTurns: 3
    schema: { type: object }
    check:
      files:
        a.ts: exists
        b.ts: absent
        c.ts: { equals: '' }
        d.ts: { contains: let }
        e.ts: { matches: { pattern: ^LET, flags: i } }
      reply: done
      command: [node, --test]
  - name: talk
    prompt: Say {{word}}.
    inputs: [{ word: hello }]
    files: { a.txt: A }
    check: { command: { shell: 'test -f a.txt', timeoutMs: 500 } }
  - { name: read, prompt: Read., files: src }
arrival: { ramp: { from: 0, to: 20, overMs: 60000 }, maxAtOnce: 50 }
warmUp: { durationMs: 5000 }
durationMs: 60000
seed: 7
order: in-turn
sendSeed: true
timeoutMs: 30000
budget: { usd: 1 }
pool: { isolation: process, threads: 2, modelThreads: 1, attempts: 1 }
`;
    const plan = parseBenchPlan(all, '/plans/all.yaml');
    expect(plan.targets.map(({ name }) => name)).toEqual(['openrouter:small', 'local']);
    expect(plan.targets[1]).toEqual({
      name: 'local',
      model: 'mine:big',
      baseURL: 'http://127.0.0.1:8080/v1',
      api: 'responses',
      limits: { startInFlight: 64 },
      system: 'Be brief.',
      modelOptions: { temperature: 0 },
    });
    const [fix, talk, read] = plan.scenarios;
    expect(fix).toEqual({
      name: 'fix',
      weight: 2.5,
      prompts: ['Fix {{path}} of {{index}}.', 'Go on.'],
      inputs: [{ path: 'a.ts', n: '1' }, { path: 'b.ts' }],
      files: { kind: 'directory', directory: '/plans/src', include: ['**/*.ts'], exclude: ['dist'] },
      skills: ['/plans/skills'],
      tools: ['coding-agent', pathToFileURL('/plans/tools.mjs').href],
      system: 'You fix.',
      maxTurns: 3,
      schema: { type: 'object' },
      check: {
        files: {
          'a.ts': { is: 'there' },
          'b.ts': { is: 'absent' },
          'c.ts': { is: 'equal', text: '' },
          'd.ts': { is: 'containing', text: 'let' },
          'e.ts': { is: 'matching', pattern: '^LET', flags: 'i' },
        },
        reply: { pattern: 'done', flags: '' },
        command: { words: ['node', '--test'], shell: false, timeoutMs: 60_000 },
      },
    });
    expect(talk!.files).toEqual({ kind: 'inline', files: { 'a.txt': 'A' } });
    expect(talk!.check!.command).toEqual({ words: ['test -f a.txt'], shell: true, timeoutMs: 500 });
    expect(read!.files).toEqual({ kind: 'directory', directory: '/plans/src', include: [], exclude: [] });
    const { name: _, targets: __, scenarios: ___, ...rest } = plan;
    expect(rest).toEqual({
      order: 'in-turn',
      arrival: { kind: 'ramp', from: 0, to: 20, overMs: 60_000, maxAtOnce: 50 },
      warmUp: { durationMs: 5000 },
      extent: { durationMs: 60_000 },
      seed: 7,
      sendSeed: true,
      timeoutMs: 30_000,
      budget: { usd: 1, onReached: 'end' },
      pool: { isolation: 'process', threads: 2, modelThreads: 1, attempts: 1 },
    });
  });

  it.each([
    ['{ atOnce: 3 }', { kind: 'closed', atOnce: 3 }],
    ['{ poisson: 2.5 }', { kind: 'poisson', perSecond: 2.5, maxAtOnce: 4096 }],
    ['{ burst: { size: 4, everyMs: 1000 } }', { kind: 'burst', size: 4, everyMs: 1000, maxAtOnce: 4096 }],
  ])('takes the arrival %s', (yaml, arrival) => {
    expect(parseBenchPlan(`${LEAST}arrival: ${yaml}\n`, 'plan.yaml').arrival).toEqual(arrival);
  });
});

describe('a trace', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'skein-plan-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const parse = (trace: string): ReturnType<typeof parseBenchPlan> => {
    writeFileSync(join(directory, 'trace.txt'), trace);
    return parseBenchPlan(`${LEAST}arrival: { trace: trace.txt }\n`, join(directory, 'plan.yaml'));
  };

  it('is read from beside the plan, and all of it is run', () => {
    const { arrival, extent } = parse('# ms\n0\n\n12.5\r\n12.5\n100\n');
    expect(arrival).toMatchObject({ kind: 'trace', offsetsMs: [0, 12.5, 12.5, 100], maxAtOnce: 4096 });
    expect(extent).toEqual({ count: 4 });
  });

  it.each([
    ['goes back', '10\n5\n', 'trace.txt, line 2 must be milliseconds'],
    [
      'is no number',
      '10\nsoon\n',
      'line 2 must be milliseconds from the start, not less than the line before; it is "soon"',
    ],
    ['holds nothing', '# later\n', 'trace.txt holds no arrivals'],
  ])('that %s is refused', (_, trace, says) => {
    expect(() => parse(trace)).toThrow(says);
  });

  it('that is not there is refused', () => {
    expect(() => parseBenchPlan(`${LEAST}arrival: { trace: no.txt }\n`, 'plan.yaml')).toThrow(
      /trace .*no\.txt cannot be read \(ENOENT\)/,
    );
  });
});

describe('a plan file that is wrong', () => {
  const scenario = (more: string): string =>
    LEAST.replace('{ prompt: Hello. }', `{ prompt: Hello., ${more} }`);
  const wrong: readonly [what: string, yaml: string, says: string][] = [
    ['nothing', '', 'it must hold keys and values; it is empty.'],
    ['no name', LEAST.replace('name: quick', ''), 'name is missing.'],
    ['a typo', `${LEAST}arival: { atOnce: 1 }\n`, 'unknown key "arival"; did you mean "arrival"?'],
    [
      'a typo in a required key',
      LEAST.replace('targets', 'target'),
      'unknown key "target"; did you mean "targets"?',
    ],
    [
      'a typo in a scenario',
      LEAST.replace('{ prompt:', '{ promt:'),
      'scenarios[0]: unknown key "promt"; did you mean "prompt"?',
    ],
    [
      'a typo in a check',
      scenario('check: { replay: x }'),
      'scenarios[0].check: unknown key "replay"; did you mean "reply"?',
    ],
    ['no targets', LEAST.replace('[ollama:a]', '[]'), 'targets must be a list of at least one; it is [].'],
    ['a model without a provider', LEAST.replace('ollama:a', 'a'), 'targets[0].model must be provider:name'],
    [
      'two targets of one name',
      LEAST.replace('[ollama:a]', '[ollama:a, ollama:a]'),
      'targets has two of the name "ollama:a"',
    ],
    [
      'a base URL that is none',
      LEAST.replace('[ollama:a]', '[{ model: a:b, baseURL: localhost }]'),
      'targets[0].baseURL must be an address',
    ],
    ['a prompt and prompts', scenario('prompts: [x]'), 'scenarios[0] must hold one of prompt'],
    [
      'a scenario without a prompt',
      LEAST.replace('prompt: Hello.', 'name: a'),
      'scenarios[0] must hold one of prompt',
    ],
    [
      'a placeholder without inputs',
      LEAST.replace('Hello.', "'Hello {{who}}.'"),
      'scenarios[0] has a prompt with {{who}}, and there are no inputs.',
    ],
    [
      'a placeholder that an input lacks',
      LEAST.replace('Hello.', "'Hello {{who}}.', inputs: [{ who: a }, { whom: b }]"),
      'and inputs[1] has no such column.',
    ],
    ['a weight of 0', scenario('weight: 0'), 'scenarios[0].weight must be a number above 0; it is 0.'],
    ['a file that is no text', scenario('files: { a: 1 }'), 'scenarios[0].files.a must be text; it is 1.'],
    ['a file outside', scenario('files: { ../a: x }'), 'scenarios[0].files cannot be used:'],
    [
      'an empty check',
      scenario('check: {}'),
      'scenarios[0].check must hold at least one of files, reply and command.',
    ],
    [
      'a check of a file by two',
      scenario('check: { files: { a: { equals: x, contains: y } } }'),
      'exactly one of',
    ],
    [
      'a pattern that is none',
      scenario("check: { reply: '(' }"),
      'scenarios[0].check.reply is no regular expression',
    ],
    ['a pattern with state', scenario('check: { reply: { pattern: a, flags: g } }'), 'flags g and y'],
    [
      'a command that is a text',
      scenario('check: { command: npm test }'),
      'scenarios[0].check.command must be a list',
    ],
    [
      'a command of two kinds',
      scenario('check: { command: { run: a, shell: b } }'),
      'must be a list of words',
    ],
    ['two arrivals', `${LEAST}arrival: { atOnce: 1, poisson: 1 }\n`, 'arrival must hold exactly one of'],
    [
      'an arrival with a typo',
      `${LEAST}arrival: { poison: 1 }\n`,
      'arrival has the unknown key "poison"; did you mean "poisson"?',
    ],
    [
      'a cap on a closed loop',
      `${LEAST}arrival: { atOnce: 1, maxAtOnce: 1 }\n`,
      'arrival: unknown key "maxAtOnce"',
    ],
    [
      'a ramp from nothing to nothing',
      `${LEAST}arrival: { ramp: { from: 0, to: 0, overMs: 1 } }\n`,
      'nothing would ever begin',
    ],
    ['a rate of 0', `${LEAST}arrival: { poisson: 0 }\n`, 'arrival.poisson must be a number above 0'],
    [
      'a count and a duration',
      `${LEAST}count: 1\ndurationMs: 1\n`,
      'count and durationMs exclude each other.',
    ],
    ['a warm-up of both kinds', `${LEAST}warmUp: { count: 1, durationMs: 1 }\n`, 'warmUp must hold one of'],
    ['a seed that is too large', `${LEAST}seed: 4294967296\n`, 'seed must be a whole number from 0 to'],
    ['an order that is none', `${LEAST}order: random\n`, 'order must be one of together, in-turn'],
    ['an isolation that is none', `${LEAST}pool: { isolation: vm }\n`, 'pool.isolation must be one of'],
  ];

  it.each(wrong)('%s is refused', (_, yaml, says) => {
    let error: unknown;
    try {
      parseBenchPlan(yaml, 'plan.yaml');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigFileError);
    expect(error).toMatchObject({ code: 'invalid_plan' });
    expect((error as Error).message).toMatch(/^Plan file plan\.yaml: /);
    expect((error as Error).message).toContain(says);
  });
});

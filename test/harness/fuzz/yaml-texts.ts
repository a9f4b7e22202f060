import type { Prng } from '../shared/prng.ts';

const bomb = (levels: number): string =>
  ['a: &a ["x","x","x","x","x","x","x","x","x"]']
    .concat(
      Array.from({ length: levels }, (_, i) => {
        const [name, before] = ['bcdefghijk'[i]!, 'abcdefghij'[i]!];
        return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
      }),
    )
    .join('\n');

/** Right documents, by the reader that they are for. */
export const GOOD = {
  skill:
    '---\nname: deploy\ndescription: How to deploy: often\nallowed-tools: Bash(git diff:*), Read\nmetadata:\n  version: 1.0\n---\nBody.\n',
  job: 'name: headers\nprompt: "Add a header to {{file}}"\neach:\n  files: ["src/**/*.ts", "!src/vendor/**"]\nmodel: scripted:x\nmodelOptions: { temperature: 0 }\nmaxTurns: 8\nconcurrency: 4\ntools: [coding-agent, ./tools.mjs]\nbudget: { usd: 5, minutes: 30 }\nitemBudget: { tokens: 100000 }\nschema: { type: object }\n',
  script:
    'models: [fast]\nseed: 7\nlimits: { requestsPerMinute: 60, window: bucket }\ncache: { minTokens: 1024 }\nprices: { input: 1, output: 2 }\nstorm:\n  - { fromMs: 0, toMs: 100, share: 0.5, fault: { status: 503 } }\nrules:\n  - match: { user: hello }\n    answer:\n      text: "Hello {{user}}"\n  - answer:\n      calls:\n        - name: read\n          arguments: { path: a.ts }\n',
} as const;

/** What YAML is known to trip over: each is a document, and is put into others too. */
export const BOMBS: readonly string[] = [
  bomb(4),
  bomb(6),
  'a: &a [*a]',
  '&a { self: *a }',
  'x: &x\n  y: *x',
  'base: &b { role: admin }\nname:\n  <<: *b',
  '<<: { name: x }',
  '__proto__: { isAdmin: true }',
  '"__proto__":\n  isAdmin: true\nname: x',
  'constructor: { prototype: { isAdmin: true } }',
  '? __proto__\n: { polluted: 1 }',
  'name: a\nname: b',
  '{ name: a, "name": b }',
  '\tname: a',
  'name:\n\t- a',
  '\ufeffname: a\r\nprompt: b\r\n',
  '[['.repeat(5_000),
  '{a: '.repeat(3_000),
  '- '.repeat(20_000),
  `${'  '.repeat(200)}x: 1`,
  Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i % 90)}k${i}:`).join('\n'),
  `k: ${'"'.repeat(60_000)}`,
  `k: "${'\\x41'.repeat(20_000)}"`,
  `k: |\n${' x\n'.repeat(20_000)}`,
  `k: >\n${' x\n\n'.repeat(15_000)}`,
  `${'&a '.repeat(10_000)}x`,
  `${'!t '.repeat(10_000)}x`,
  `${'? '.repeat(10_000)}x`,
  '# comment\n'.repeat(6_000),
  'key: value: '.repeat(5_000),
  'k: 1\n---\n'.repeat(3_000),
  `%YAML 1.2\n${'%TAG ! tag:x,2000:\n'.repeat(2_000)}---\nx`,
  Array.from({ length: 5_000 }, (_, i) => `k${i}: v`).join('\n'),
  `{${Array.from({ length: 5_000 }, (_, i) => `k${i}: v`).join(', ')}}`,
  `n: ${'9'.repeat(60_000)}`,
  `n: 0x${'f'.repeat(60_000)}\nm: .inf\no: -.nan`,
  '!!js/function "function(){}"',
  '!!python/object/apply:os.system ["id"]',
  '!!binary aGVsbG8=',
  '!!set { a, b }',
  '!<tag:yaml.org,2002:map> { a: b }',
  'date: 2024-01-01\nnull: ~\n1: 2\n[a, b]: c\n{a: b}: c',
  '\0',
  '\ud800: \udc00',
  ': : : :',
  '---\n---\n---',
  '*a',
  '@x',
  '`',
  '%',
  '...',
];

const PIECES = [
  ': ',
  '- ',
  '\n',
  '\r\n',
  '\t',
  '  ',
  '&a ',
  '*a',
  '<<: *a',
  '"',
  "'",
  '|',
  '>-',
  '#',
  '{',
  '}',
  '[',
  ']',
  ',',
  '!!',
  '---\n',
  '\ufeff',
  '__proto__: ',
  'constructor: ',
  'null',
  '~',
  '\0',
  '\u0085',
  '\ud800',
  '%',
  '\\',
  '0o7',
  '1e400',
];

/** A document that was right, or a bomb, with some things changed; or one of pieces alone. */
export function drawYaml(prng: Prng, good: string): string {
  if (prng.chance(0.1)) return Array.from({ length: prng.between(1, 40) }, () => prng.pick(PIECES)).join('');
  let text = prng.chance(0.03) ? prng.pick(BOMBS) : good;
  for (let n = prng.between(0, 4); n > 0; n--) text = changed(prng, text);
  return prng.chance(0.1) ? text.replaceAll('\n', '\r\n') : text;
}

function changed(prng: Prng, text: string): string {
  const at = prng.between(0, text.length);
  const end = Math.min(text.length, at + prng.between(0, 20));
  switch (prng.below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, end) + text.slice(at);
    case 2:
      return text.slice(0, at);
    case 3: {
      const lines = text.split('\n');
      lines.splice(prng.below(lines.length), 0, lines[prng.below(lines.length)]!);
      return lines.join('\n');
    }
    case 4: {
      const lines = text.split('\n');
      const bomb = prng.pick(BOMBS);
      // The long ones are tried by themselves.
      lines.splice(prng.below(lines.length + 1), 0, bomb.length < 1_000 ? bomb : 'x: y');
      return lines.join('\n');
    }
    default:
      return text.slice(0, at) + prng.pick(PIECES) + text.slice(at);
  }
}

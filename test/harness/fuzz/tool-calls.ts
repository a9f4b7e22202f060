import type { SimpleTree } from '../../workspace/simple-tree.ts';
import type { Prng } from '../shared/prng.ts';
import { drawPatchCall } from './patch-calls.ts';
import { spoil } from './spoiled-arguments.ts';
import { spellPath, type SpelledPath } from './spelled-paths.ts';
import {
  expecting,
  modelEdit,
  modelList,
  modelRead,
  modelSearch,
  modelWrite,
  type Expected,
  type KnownGlob,
  type KnownPattern,
} from './tool-oracle.ts';

/** A call as a model would make it, and what has to come of it. */
export interface FuzzCall {
  readonly name: string;
  readonly arguments: string;
  /** Does in the simple tree what the call has to do, and tells the answer. Called once. */
  readonly expect: (tree: SimpleTree) => Expected;
}

export const SKILL_BODY = 'The body of a skill.';

type Arguments = Record<string, unknown>;

/** Right calls mostly, so that the tools are reached and meet each other's files; the rest is wrong in one way. */
export function drawCall(prng: Prng, host: readonly SpelledPath[]): FuzzCall {
  const draw = prng.below(100);
  const kind = draw < 26 ? 'read' : draw < 52 ? 'write' : draw < 78 ? 'edit' : draw < 88 ? 'list' : 'search';
  if (draw === 0) return unknownCall(prng);
  if (draw === 1) return skillCall(prng);
  if (draw >= 94) return drawPatchCall(prng, host);
  const { args, required, model } = DRAWERS[kind](prng, host);
  const long = kind === 'list' || kind === 'search' ? `${kind}_files` : `${kind}_file`;
  const name = prng.chance(0.3) ? long : kind;
  // An empty path is refused by the schema, unless it may be the root.
  const isEmpty = args['path'] === '' && required.includes('path');
  const right: FuzzCall = {
    name,
    arguments: JSON.stringify(args),
    expect: (tree) => (isEmpty ? { isError: true } : expecting(() => model(tree))),
  };
  return prng.chance(0.14) ? spoil(prng, right, args, required) : right;
}

interface Drawn {
  readonly args: Arguments;
  readonly required: readonly string[];
  readonly model: (tree: SimpleTree) => string | undefined;
}

const DRAWERS: Readonly<
  Record<'read' | 'write' | 'edit' | 'list' | 'search', (prng: Prng, host: readonly SpelledPath[]) => Drawn>
> = {
  read(prng, host) {
    const path = spellPath(prng, host);
    const offset = maybe(prng, [0, 1, 2, 39, 2_499, 1e308, -0]);
    const limit = maybe(prng, [1, 2, 2_000, 1e15]);
    return {
      args: { path: path.spelling, ...given('offset', offset), ...given('limit', limit) },
      required: ['path'],
      model: (tree) => modelRead(tree, path, offset ?? 0, Math.min(limit ?? 2_000, 2_000)),
    };
  },
  write(prng, host) {
    const path = spellPath(prng, host);
    const content = drawText(prng);
    return {
      args: { path: path.spelling, content },
      required: ['path', 'content'],
      model: (tree) => modelWrite(tree, path, content),
    };
  },
  edit(prng, host) {
    const path = spellPath(prng, host);
    const edit = {
      old_string: prng.pick(OLD),
      new_string: prng.pick(NEW),
      ...given('replace_all', maybe(prng, [true, true, false])),
    };
    return {
      args: { path: path.spelling, ...edit },
      required: ['path', 'old_string', 'new_string'],
      model: (tree) => modelEdit(tree, path, edit),
    };
  },
  list(prng, host) {
    const path = prng.chance(0.5) ? undefined : spellPath(prng, host);
    const glob = prng.pick(GLOBS);
    return {
      args: { ...given('pattern', glob.glob), ...given('path', path?.spelling) },
      required: [],
      model: (tree) => modelList(tree, path, glob),
    };
  },
  search(prng, host) {
    const path = prng.chance(0.5) ? undefined : spellPath(prng, host);
    const pattern = prng.pick(PATTERNS);
    const glob = prng.pick(NAME_GLOBS);
    const max = maybe(prng, [1, 3, 100, 5_000]);
    const mode = maybe(prng, ['content', 'files_with_matches', 'count'] as const);
    const offset = maybe(prng, [0, 0, 1, 4, 1e12]);
    return {
      args: {
        pattern: pattern.pattern,
        ...given('path', path?.spelling),
        ...given('glob', glob.glob),
        ...given('max_results', max),
        ...given('mode', mode),
        ...given('offset', offset),
      },
      required: ['pattern'],
      model: (tree) =>
        modelSearch(tree, pattern, path, glob, {
          ...given('mode', mode),
          offset: offset ?? 0,
          max: Math.min(max ?? 100, 2_000),
        }),
    };
  },
};

const PIECES = [
  'foo',
  'bar',
  'o',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '$&',
  '\u{1f600}',
  '\ud83d',
  'é',
  '\ufeff',
  'ooo',
  '\t',
];

function drawText(prng: Prng): string {
  const draw = prng.float();
  if (draw < 0.05) return '';
  if (draw < 0.08) return 'nul\0nul';
  if (draw < 0.1) return 'z'.repeat(prng.pick([63, 64, 65, 150, 1_000]));
  return Array.from({ length: prng.between(1, 6) }, () => prng.pick(PIECES)).join('');
}

const OLD = [
  'foo',
  'bar',
  'o',
  'oo',
  '\n',
  'foo\n',
  '\r\n',
  'bar\r\n',
  '',
  '\u{1f600}',
  '\ud83d',
  '\ufeff',
  ' ',
];
const NEW = ['bar', 'foo\nfoo', '', 'o', '\r\n', '$1$&', '\ud83d', '\0', 'é', '1\tfoo'];

const isShown = (names: readonly string[]): boolean =>
  !names.some((name) => name.startsWith('.')) && !names.slice(0, -1).includes('node_modules');
const isTs = (names: readonly string[]): boolean => names.at(-1)!.endsWith('.ts') && isShown(names);

const GLOBS: readonly KnownGlob[] = [
  { glob: undefined, selects: isShown },
  { glob: '**/*', selects: isShown },
  { glob: '/', selects: isShown },
  { glob: '*.ts', selects: (names) => names.length === 1 && isTs(names) },
  { glob: '**/*.ts', selects: isTs },
  { glob: './src/*', selects: (names) => names.length === 2 && names[0] === 'src' && isShown(names) },
  { glob: '{a-b,a0}', selects: (names) => names.length === 1 && ['a-b', 'a0'].includes(names[0]!) },
  {
    glob: 'node_modules/*/x.ts',
    selects: ([first, second, ...rest]) =>
      first === 'node_modules' &&
      second?.startsWith('.') === false &&
      rest.length === 1 &&
      rest[0] === 'x.ts',
  },
  { glob: '**/*.ts, !lib/**', selects: (names) => isTs(names) && names[0] !== 'lib' },
  { glob: '!**/*.ts', selects: (names) => isShown(names) && !isTs(names) },
  {
    glob: '{src,lib}/**',
    selects: (names) => ['src', 'lib'].includes(names[0]!) && isShown(names),
  },
  { glob: '../**' },
  { glob: '[' },
  { glob: '!(a' },
  { glob: '{a,b' },
  { glob: '\\' },
  { glob: '__proto__/**' },
];

const NAME_GLOBS: readonly KnownGlob[] = [
  { glob: undefined, selects: isShown },
  { glob: undefined, selects: isShown },
  { glob: '*.ts', selects: isTs },
  { glob: '**/*.ts', selects: isTs },
  { glob: '*.ts,!src/**', selects: (names) => isTs(names) && names[0] !== 'src' },
  { glob: '../*' },
];

const PATTERNS: readonly KnownPattern[] = [
  { pattern: 'foo', matches: (line) => line.includes('foo') },
  { pattern: 'foo bar', matches: (line) => line.includes('foo bar') },
  { pattern: '(?i)FOO', matches: (line) => line.toLowerCase().includes('foo') },
  { pattern: 'o+', matches: (line) => line.includes('o') },
  { pattern: '^$', matches: (line) => line === '' },
  { pattern: 'o\\s+\\S', matches: (line) => /o\s+\S/.test(line) },
  { pattern: '[^o]*foo|^\\W', matches: (line) => /foo|^\W/.test(line) },
  { pattern: '^bar', matches: (line) => line.startsWith('bar') },
  { pattern: '\u{1f600}', matches: (line) => line.includes('\u{1f600}') },
  { pattern: '(' },
  { pattern: '\\' },
  { pattern: '[z-a]' },
  { pattern: 'a{2,1}' },
];

const STRANGE_NAMES = [
  'bash',
  '__proto__',
  'constructor',
  'toString',
  '',
  'Read',
  'x'.repeat(10_000),
  '\ud800',
  'read\0',
];

function unknownCall(prng: Prng): FuzzCall {
  return { name: prng.pick(STRANGE_NAMES), arguments: '{"path":"a"}', expect: () => ({ isError: true }) };
}

function skillCall(prng: Prng): FuzzCall {
  const name = prng.pick(['deploy', 'deploy', '../deploy', '__proto__', 'hidden']);
  return {
    name: 'skill',
    arguments: JSON.stringify({ name }),
    expect: () =>
      name === 'deploy'
        ? { isError: false, content: `<skill_content name="deploy">\n${SKILL_BODY}\n</skill_content>` }
        : { isError: true },
  };
}

/** Left out half of the time. */
function maybe<T>(prng: Prng, values: readonly T[]): T | undefined {
  return prng.chance(0.5) ? undefined : prng.pick(values);
}

function given<Key extends string, T>(key: Key, value: T | undefined): { [key in Key]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [key in Key]?: T });
}

import type { Prng } from '../shared/prng.ts';

/** A path as somebody may write it, and what it has to mean: a canonical path, or the code it is refused with. */
export interface SpelledPath {
  readonly spelling: string;
  /** '' for the root, and for what is refused. */
  readonly path: string;
  readonly code?: 'invalid_path' | 'path_escapes';
}

/** Canonical paths that calls share, so that they meet: files, directories, and both at different times. */
export const PATHS: readonly string[] = [
  'a',
  'a/b',
  'a/b/c.ts',
  'a-b',
  'a0',
  'src',
  'src/x.ts',
  'src/y.md',
  'src/deep/z.ts',
  'src/deep',
  'lib',
  'lib/crlf.ts',
  'lib/é.ts',
  'é',
  'é/\u{1f600}',
  'new/file',
  '__proto__',
  '__proto__/x.ts',
  'constructor/prototype',
  'toString',
  '.hidden/x.ts',
  'node_modules/m/x.ts',
  '．．/a',
  '%2e%2e/a',
  '%2e%2e%2fa',
  '..a/...',
  'C:/x.ts',
  '~/x',
  'x'.repeat(255),
  'big.txt',
  'long.txt',
  'bin',
];
const NAMES = ['a', 'b', 'src', 'x.ts', 'y.md', 'é', '__proto__', '...', '%2e%2e', '．．', '\u{1f600}', ' '];

/** Absolute paths of the machine: in a workspace they are names like any other, and nothing is there. */
export function hostPaths(canary: string): SpelledPath[] {
  return ['/etc/passwd', '/proc/self/environ', `${process.cwd()}/package.json`, canary].map((spelling) => ({
    spelling,
    path: spelling.slice(1).normalize('NFC'),
  }));
}

/** Most often a path of the pool, in some spelling; sometimes a fresh one; sometimes one that must be refused. */
export function spellPath(prng: Prng, host: readonly SpelledPath[]): SpelledPath {
  const draw = prng.float();
  if (draw < 0.02) return prng.pick(host);
  if (draw < 0.14) return hostilePath(prng);
  if (draw < 0.22) {
    const path = Array.from({ length: prng.between(1, 4) }, () => prng.pick(NAMES)).join('/');
    return { spelling: decorate(prng, path), path };
  }
  const path = prng.pick(PATHS);
  return { spelling: decorate(prng, path), path };
}

/** Another spelling of the same path. */
function decorate(prng: Prng, path: string): string {
  switch (prng.below(14)) {
    case 0:
      return `/${path}`;
    case 1:
      return `./${path}`;
    case 2:
      return `${path}/`;
    case 3:
      return path.replaceAll('/', '//');
    case 4:
      return `//.//${path.replaceAll('/', '/./')}/.`;
    case 5:
      return path.normalize('NFD');
    default:
      return path;
  }
}

const SPLICED = ['\0', '\\', '\n', '\x1b[2J', '\x7f', '\u0085', '\ud800', '\udc00', '..\\'];
const NAMED = [
  '.git',
  '.GIT',
  '.git.',
  '.git ',
  'git~1',
  '.g\u200cit',
  '.git::$INDEX_ALLOCATION',
  'x'.repeat(256),
  'é'.repeat(128),
];
const WHOLE: readonly SpelledPath[] = [
  { spelling: '', path: '' },
  { spelling: '/', path: '' },
  { spelling: '.', path: '' },
  { spelling: './/.', path: '' },
  { spelling: 'x'.repeat(10_000), path: '', code: 'invalid_path' },
  { spelling: '../'.repeat(3_000), path: '', code: 'invalid_path' },
  { spelling: 'd/'.repeat(65), path: '', code: 'invalid_path' },
  { spelling: '😀'.repeat(2_000), path: '', code: 'invalid_path' },
  { spelling: '..', path: '', code: 'path_escapes' },
  { spelling: '/..', path: '', code: 'path_escapes' },
];

function hostilePath(prng: Prng): SpelledPath {
  const path = prng.pick(PATHS);
  const draw = prng.float();
  if (draw < 0.4) return { spelling: withName(prng, path, '..'), path: '', code: 'path_escapes' };
  if (draw < 0.6) return { spelling: withName(prng, path, prng.pick(NAMED)), path: '', code: 'invalid_path' };
  if (draw < 0.8) return prng.pick(WHOLE);
  const names = path.split('/');
  // Between names, so that a lone surrogate cannot find its other half.
  names.splice(prng.between(0, names.length), 0, `q${prng.pick(SPLICED)}q`);
  return { spelling: names.join('/'), path: '', code: 'invalid_path' };
}

/** One name more, somewhere. */
function withName(prng: Prng, path: string, name: string): string {
  const names = path.split('/');
  names.splice(prng.between(0, names.length), 0, ...Array.from({ length: prng.between(1, 3) }, () => name));
  return `${prng.chance(0.3) ? '/' : ''}${names.join('/')}`;
}

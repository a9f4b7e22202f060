import { WorkspaceError } from '../errors.ts';

/** Bytes of a path, bytes of one of its names, and names in a path. */
export const PATH_LIMITS = { maxBytes: 4096, maxNameBytes: 255, maxDepth: 64 } as const;

/**
 * The one path resolver: what a model or a caller wrote → the canonical path, relative, POSIX, NFC, without leading
 * or trailing slash; `''` is the root. `/lib/a.ts`, `./lib//a.ts` and `lib/a.ts` are one file.
 * @throws {WorkspaceError} `path_escapes` for any `..`; `invalid_path` for a backslash, a control character, a lone
 *   surrogate, a `.git` name, or a name, path or depth over {@link PATH_LIMITS}
 */
export function resolvePath(path: string): string {
  return isCanonical(path) ? path : resolveSlowly(path);
}

/** {@link resolvePath} where a file is meant: the root is refused too. @throws {WorkspaceError} `invalid_path` */
export function resolveFilePath(path: string): string {
  const resolved = resolvePath(path);
  if (resolved === '') throw refusal(path, 'names the root directory; name a file in it');
  return resolved;
}

/** Whether a path is one that a workspace itself writes: relative, and never out of it. For paths that come from elsewhere. */
export function isFilePath(path: string): boolean {
  try {
    return resolveFilePath(path) === path;
  } catch {
    return false;
  }
}

/** Order of the paths' UTF-8 bytes, as git sorts. UTF-16 order differs from it only beside surrogates. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const TILDE = 0x7e;
const BACKSLASH = 0x5c;

/** Whether a path needs no work: plain ASCII, and no name that is empty or starts with a dot. False is always safe. */
function isCanonical(path: string): boolean {
  if (typeof path !== 'string' || path.length > PATH_LIMITS.maxNameBytes) return false;
  let atStart = true;
  let depth = 1;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === SLASH) {
      if (atStart || ++depth > PATH_LIMITS.maxDepth) return false;
      atStart = true;
      continue;
    }
    if (code < 0x20 || code >= TILDE || code === BACKSLASH || (atStart && code === DOT)) return false;
    atStart = false;
  }
  return !atStart || path === '';
}

const FORBIDDEN = /[\p{Cc}\\]/u;
const LONE_SURROGATE = /\p{Cs}/u;
const NON_ASCII = /[^\0-\x7f]/;
/** What git refuses to have in a tree, on any system: `.git`, its short name, and spellings that some disks fold to it. */
const GIT_NAME = /^(?:\.git|git~1)[. ]*(?::.*)?$/i;
/** Code points that HFS+ drops when it compares names. */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

function resolveSlowly(path: string): string {
  if (typeof path !== 'string') throw refusal(String(path), `must be a string, got ${typeof path}`);
  // Before any work: the rest of this function must never see a huge string.
  if (path.length > PATH_LIMITS.maxBytes) throw refusal(path, `is longer than ${PATH_LIMITS.maxBytes} bytes`);
  if (FORBIDDEN.test(path)) {
    const what = path.includes('\\') ? 'a backslash; separate names with /' : 'a control character';
    throw refusal(path, `contains ${what}`);
  }
  if (LONE_SURROGATE.test(path)) throw refusal(path, 'is not well-formed Unicode');

  const names: string[] = [];
  for (const name of (NON_ASCII.test(path) ? path.normalize('NFC') : path).split('/')) {
    if (name === '' || name === '.') continue;
    checkName(path, name);
    names.push(name);
  }
  if (names.length > PATH_LIMITS.maxDepth) {
    throw refusal(path, `is more than ${PATH_LIMITS.maxDepth} names deep`);
  }
  const resolved = names.join('/');
  if (Buffer.byteLength(resolved) > PATH_LIMITS.maxBytes) {
    throw refusal(path, `is longer than ${PATH_LIMITS.maxBytes} bytes`);
  }
  return resolved;
}

function checkName(path: string, name: string): void {
  if (name === '..') {
    // Refused even where it would stay inside: a path that means one thing only needs no `..`.
    throw new WorkspaceError(
      'path_escapes',
      path,
      `Path ${quotePath(path)} contains ".."; name the file from the workspace's root, such as lib/a.ts.`,
    );
  }
  if (Buffer.byteLength(name) > PATH_LIMITS.maxNameBytes) {
    throw refusal(path, `has a name longer than ${PATH_LIMITS.maxNameBytes} bytes`);
  }
  if (GIT_NAME.test(name.replace(HFS_IGNORED, ''))) {
    throw refusal(path, 'contains a .git name, which belongs to git and fits in no patch');
  }
}

function refusal(path: string, problem: string): WorkspaceError {
  return new WorkspaceError('invalid_path', path, `Path ${quotePath(path)} ${problem}.`);
}

/** A path as it may stand in a message: escaped, and short. */
export function quotePath(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 100)}…` : path);
}

/** Surrogates stand for code points above U+FFFF, though their code units are below U+E000. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

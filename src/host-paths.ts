import { homedir, tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What stands where directories of the host stood. */
export const HOST = '[host]';

/** A frame of a stack trace, wherever its line was copied to. */
const STACK_FRAME = /\n[ \t]+at [^\n]*(?::\d+|\((?:<anonymous>|native|index \d+))\)?(?=\n|$)/g;

/**
 * A text without paths of this machine and without stack traces, for what a model or a caller is told of a failure: of a
 * path (or `file:` URL) under the working directory, the home and temporary directories, the installation or `more`,
 * only its last name is left. Paths of a session's files begin at `/` too, so nothing else is taken for one of the host.
 * @param more  further directories or files of the host
 */
export function withoutHostPaths(text: string, more: readonly string[] = []): string {
  const clean = text.replace(STACK_FRAME, '');
  if (!clean.includes('/') && !clean.includes('\\')) return clean;
  const roots = [...hostDirectories(), ...more];
  const whole = new Set(roots.flatMap((root) => [root, urlOf(root)]));
  return clean.replace(patternOf([...whole]), (matched) => {
    const path = matched.replace(/[/\\.]+$/, '');
    return whole.has(path) ? HOST : `${HOST}/${basename(path)}`;
  });
}

/** Where the files lie that an error of the operating system names: those are the host's, wherever that is. */
export function pathsOfError(thrown: object): string[] {
  const { syscall, path, dest } = thrown as { syscall?: unknown; path?: unknown; dest?: unknown };
  if (typeof syscall !== 'string') return [];
  return [path, dest]
    .filter((one) => typeof one === 'string')
    .map((one) => dirname(one))
    .filter(isAbsolute);
}

/** The directory that a module's URL names, where it is a file. */
export function directoryOfModule(url: string): string[] {
  try {
    return url.startsWith('file:') ? [dirname(fileURLToPath(url))] : [];
  } catch {
    return [];
  }
}

let directories: readonly string[] | undefined;

function hostDirectories(): readonly string[] {
  return (directories ??= [process.cwd(), homedir(), tmpdir(), ...installation()].filter(isAbsolute));
}

/**
 * Where this package lies, and the `node_modules` that it is in. Asked of a stack trace: this file runs as a module and
 * bundled into the script of a thread, which have no other way in common to tell.
 */
function installation(): string[] {
  const frame = (new Error('here').stack ?? '').split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  const [, place = ''] = /(?:\(|at )(.+?):\d+:\d+\)?$/.exec(frame) ?? [];
  const file = place.startsWith('file:') ? fileURLToPath(place) : place;
  const root = /^(.*?)[/\\](?:dist|src)[/\\]/.exec(file)?.[1];
  if (root === undefined) return [];
  const around = /^(.*?)[/\\]node_modules(?:[/\\]|$)/.exec(root)?.[1];
  return around === undefined ? [root] : [root, around];
}

/** The longest first, each only as a whole name: `/home/ann` is not in `/home/anna`. */
function patternOf(roots: readonly string[]): RegExp {
  const spellings = roots
    .toSorted((a, b) => b.length - a.length)
    .map((root) => root.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(?:${spellings.join('|')})(?![\\w-])(?:[/\\\\][^\\s'"\`<>()|:,;]*)?`, 'g');
}

function urlOf(path: string): string {
  return pathToFileURL(path).href;
}

/** The root directory itself would be in every path. */
function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[/\\])./.test(path);
}

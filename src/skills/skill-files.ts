import { open, readdir, realpath } from 'node:fs/promises';
import { join, relative, isAbsolute, sep } from 'node:path';
import { SkillError } from '../errors.ts';

const MAX_SKILL_BYTES = 256 * 1024;
const MAX_RESOURCES = 50;
/** Directories of one skill that are looked into for resources. */
const MAX_RESOURCE_DIRS = 100;

/** The skill file of a folder: SKILL.md, else skill.md. Undefined when it has none or is not there. */
export async function findSkillFile(dir: string): Promise<string | undefined> {
  const names = await readdir(dir).catch(() => []);
  const name = skillFileName(names);
  return name === undefined ? undefined : join(dir, name);
}

/** By the exact name, because some file systems fold case. */
export function skillFileName(names: readonly string[]): string | undefined {
  return ['SKILL.md', 'skill.md'].find((name) => names.includes(name));
}

/** @throws {SkillError} `unreadable`, `too_large`, `not_text` */
export async function readSkillText(path: string): Promise<string> {
  const bytes = await readHead(path);
  if (bytes.length > MAX_SKILL_BYTES) {
    throw new SkillError('too_large', path, `${path}: is over ${MAX_SKILL_BYTES} bytes.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SkillError('not_text', path, `${path}: is not UTF-8 text.`);
  }
}

/** One byte more than is allowed, so that a huge file is noticed without being read. */
async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      // A directory or a pipe of that name could not be read, or not to an end.
      if (!(await file.stat()).isFile()) throw new Error('not a file');
      const buffer = Buffer.alloc(MAX_SKILL_BYTES + 1);
      let length = 0;
      for (let more = true; more && length < buffer.length;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
        length += bytesRead;
        more = bytesRead > 0;
      }
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be opened';
    throw new SkillError('unreadable', path, `${path}: cannot be read: ${reason}.`);
  }
}

/** Files beside a skill file, as POSIX paths from the folder, sorted; links are not followed. The first 50. */
export async function listResources(dir: string, skillFile: string): Promise<string[]> {
  const found: string[] = [];
  const open = [''];
  for (let looked = 0; open.length > 0 && looked < MAX_RESOURCE_DIRS; looked++) {
    const at = open.shift()!;
    const entries = await readdir(join(dir, at), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory() && !isSkippedDirectory(entry.name)) open.push(path);
      else if (entry.isFile() && path !== skillFile) found.push(path);
    }
  }
  return found.sort(byCodeUnit).slice(0, MAX_RESOURCES);
}

export function isSkippedDirectory(name: string): boolean {
  return name === '.git' || name === 'node_modules';
}

/** The same on every machine, whatever its locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a link leads to something under a directory. @param root  a real path */
export async function leadsInside(link: string, root: string): Promise<boolean> {
  const target = await realpath(link).catch(() => undefined);
  if (target === undefined) return false;
  const path = relative(root, target);
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SkillError } from '../errors.ts';
import { parseSkill } from './parse-skill.ts';
import {
  byCodeUnit,
  isSkippedDirectory,
  leadsInside,
  listResources,
  readSkillText,
  skillFileName,
} from './skill-files.ts';
import type { Skill, SkillWarning } from './skill.ts';

/** How deep below a given directory, and how many directories of it, are searched. */
const MAX_DEPTH = 6;
const MAX_DIRECTORIES = 2_000;

export interface LoadedSkills {
  /** In the order of the directories given, then of paths; names are unique. */
  readonly skills: readonly Skill[];
  /** What was skipped, or loaded with a flaw. */
  readonly warnings: readonly SkillWarning[];
}

/**
 * Finds every skill below the given directories (CA-28, CA-29). A folder with a SKILL.md (or skill.md) is a skill and
 * is not searched further. Never fails: what cannot be loaded is a warning, and of two skills with one name the first wins.
 * Links that lead out of the given directory are refused and named. Runs on the main thread: it reads the disk.
 */
export async function loadSkills(dirs: readonly string[]): Promise<LoadedSkills> {
  const skills = new Map<string, Skill>();
  const warnings: SkillWarning[] = [];
  const seen = new Set<string>();
  for (const dir of dirs) {
    const scan = new SkillScan(dir, warnings);
    for (const skill of await scan.run()) {
      // One folder given twice, or found below two of the directories, is no clash.
      const file = await realpath(skill.path).catch(() => skill.path);
      if (seen.has(file)) continue;
      seen.add(file);
      const first = skills.get(skill.name);
      if (!first) {
        skills.set(skill.name, skill);
        continue;
      }
      warnings.push({
        path: skill.path,
        code: 'name_collision',
        message: `${skill.path}: skill ${JSON.stringify(skill.name)} is left out, because ${first.path} has that name.`,
      });
    }
  }
  return { skills: [...skills.values()], warnings };
}

/** The search below one directory. */
class SkillScan {
  readonly #dir: string;
  readonly #warnings: SkillWarning[];
  readonly #skills: Skill[] = [];
  #root = '';
  #directories = 0;
  #full = false;

  constructor(dir: string, warnings: SkillWarning[]) {
    this.#dir = dir;
    this.#warnings = warnings;
  }

  async run(): Promise<readonly Skill[]> {
    try {
      this.#root = await realpath(this.#dir);
      if (!(await stat(this.#root)).isDirectory()) throw new Error('not a directory');
    } catch {
      this.#warn(
        this.#dir,
        'missing_directory',
        'there is no such directory, so no skills were loaded from it',
      );
      return [];
    }
    await this.#search(this.#dir, 0);
    return this.#skills;
  }

  async #search(dir: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH || this.#directories >= MAX_DIRECTORIES) {
      if (!this.#full) {
        this.#warn(
          dir,
          'scan_limit',
          `not searched: over ${MAX_DEPTH} levels deep or ${MAX_DIRECTORIES} directories`,
        );
      }
      this.#full = true;
      return;
    }
    this.#directories++;
    let entries: Dirent[];
    try {
      entries = await readdir(dir, { withFileTypes: true });
    } catch (error) {
      this.#warn(dir, 'unreadable', `cannot be read: ${error instanceof Error ? error.message : 'refused'}`);
      return;
    }
    entries.sort((a, b) => byCodeUnit(a.name, b.name));
    const file = await this.#skillFile(dir, entries);
    if (file !== undefined) return this.#load(dir, file);
    for (const entry of entries) {
      const path = join(dir, entry.name);
      if (isSkippedDirectory(entry.name)) continue;
      if (entry.isDirectory()) await this.#search(path, depth + 1);
      else if (entry.isSymbolicLink()) await this.#nameLinkOut(path);
    }
  }

  /** A directory of that name is no skill file; a link out is refused, and then there is none. */
  async #skillFile(dir: string, entries: readonly Dirent[]): Promise<string | undefined> {
    const usable: string[] = [];
    for (const entry of entries) {
      if (skillFileName([entry.name]) === undefined) continue;
      if (entry.isFile()) usable.push(entry.name);
      else if (entry.isSymbolicLink()) {
        const path = join(dir, entry.name);
        if (await leadsInside(path, this.#root)) usable.push(entry.name);
        else this.#refuseLink(path);
      }
    }
    return skillFileName(usable);
  }

  async #load(dir: string, file: string): Promise<void> {
    const path = join(dir, file);
    try {
      const text = await readSkillText(path);
      const resources = await listResources(dir, file);
      const folder = basename(resolve(dir));
      const { skill, warnings } = parseSkill(text, { path, dir, folder, resources });
      this.#skills.push(skill);
      this.#warnings.push(...warnings);
    } catch (error) {
      if (!(error instanceof SkillError)) throw error;
      this.#warnings.push({ path, code: error.code, message: error.message });
    }
  }

  /** Links are never followed: what is inside is found by its own path, and what is outside is none of our business. */
  async #nameLinkOut(path: string): Promise<void> {
    if (skillFileName([basename(path)]) !== undefined) return; // told already
    const target = await stat(path).catch(() => undefined);
    if (target?.isDirectory() && !(await leadsInside(path, this.#root))) this.#refuseLink(path);
  }

  #refuseLink(path: string): void {
    this.#warn(path, 'symlink_escapes', `is a link out of ${this.#dir}; it was not followed`);
  }

  #warn(path: string, code: string, problem: string): void {
    this.#warnings.push({ path, code, message: `${path}: ${problem}.` });
  }
}

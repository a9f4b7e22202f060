import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSkills } from '../../src/skills/load-skills.ts';
import { findSkill } from '../../src/skills/skill.ts';
import { validateSkill } from '../../src/skills/validate-skill.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-skills-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function put(path: string, content: string | Uint8Array = ''): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

function skillText(name: string, description = 'Does.'): string {
  return `---\nname: ${name}\ndescription: ${description}\n---\nBody of ${name}`;
}

async function putSkill(
  folder: string,
  name = folder.split('/').at(-1) ?? '',
  description?: string,
): Promise<void> {
  await put(`${folder}/SKILL.md`, skillText(name, description));
}

/** Names of the skills, and warnings as `code path`. */
async function load(...dirs: string[]): Promise<{ readonly names: string[]; readonly warnings: string[] }> {
  const { skills, warnings } = await loadSkills(dirs.map((dir) => join(root, dir)));
  return {
    names: skills.map(({ name }) => name),
    warnings: warnings.map(({ code, path }) => `${code} ${relative(root, path)}`),
  };
}

describe('a directory of skills', () => {
  it('is searched at every depth, in the order of paths', async () => {
    for (const folder of ['s/b', 's/a/z', 's/a/y', 's/B']) await putSkill(folder);
    expect((await load('s')).names).toEqual(['B', 'y', 'z', 'b']);
  });

  it('may be a skill itself', async () => {
    await putSkill('pdf');
    expect(await load('pdf')).toEqual({ names: ['pdf'], warnings: [] });
  });

  it('is not searched below a skill, nor in .git and node_modules', async () => {
    for (const folder of ['s/a', 's/a/inner', 's/.git/x', 's/node_modules/y']) await putSkill(folder);
    expect((await load('s')).names).toEqual(['a']);
  });

  it('is searched six levels down, and the rest is named', async () => {
    await putSkill('s/1/2/3/4/5/six');
    await putSkill('t/1/2/3/4/5/6/seven');
    expect(await load('s')).toEqual({ names: ['six'], warnings: [] });
    expect(await load('t')).toEqual({ names: [], warnings: ['scan_limit t/1/2/3/4/5/6/seven'] });
  });

  it('is searched up to 2,000 directories', async () => {
    await Promise.all(
      Array.from({ length: 2_000 }, (_, i) =>
        mkdir(join(root, `s/d${String(i).padStart(4, '0')}`), { recursive: true }),
      ),
    );
    await putSkill('s/d1998/in');
    await putSkill('s/d1999/out');
    expect(await load('s')).toEqual({ names: [], warnings: ['scan_limit s/d1998/in'] });
  });

  it('that is not there, or is a file, is a warning', async () => {
    await put('file');
    await putSkill('s/a');
    expect(await load('nowhere', 'file', 's')).toEqual({
      names: ['a'],
      warnings: ['missing_directory nowhere', 'missing_directory file'],
    });
  });
});

describe('skill files', () => {
  it('are SKILL.md, or else skill.md', async () => {
    await put('s/a/skill.md', skillText('a', 'lower'));
    await put('s/b/skill.md', skillText('b', 'lower'));
    await put('s/b/SKILL.md', skillText('b', 'upper'));
    const { skills } = await loadSkills([join(root, 's')]);
    expect(skills.map(({ description }) => description)).toEqual(['lower', 'upper']);
  });

  it('that are broken are skipped with a warning, and the rest load', async () => {
    await putSkill('s/good');
    await put('s/bad/SKILL.md', 'no front matter');
    await put('s/binary/SKILL.md', new Uint8Array([0x2d, 0x2d, 0x2d, 0x0a, 0xff]));
    await put('s/huge/SKILL.md', `${skillText('huge')}${'x'.repeat(256 * 1024)}`);
    expect(await load('s')).toEqual({
      names: ['good'],
      warnings: ['no_frontmatter s/bad/SKILL.md', 'not_text s/binary/SKILL.md', 'too_large s/huge/SKILL.md'],
    });
  });

  it('that are directories are none', async () => {
    await put('s/a/SKILL.md/inner/SKILL.md', skillText('inner'));
    expect((await load('s')).names).toEqual(['inner']);
  });

  it.skipIf(process.getuid?.() === 0)('that may not be read are a warning', async () => {
    await putSkill('s/a');
    await chmod(join(root, 's/a/SKILL.md'), 0);
    expect(await load('s')).toEqual({ names: [], warnings: ['unreadable s/a/SKILL.md'] });
  });
});

describe('two skills with one name', () => {
  it('in different directories: the first directory wins', async () => {
    await putSkill('one/x', 'pdf', 'first');
    await putSkill('two/y', 'pdf', 'second');
    const { skills, warnings } = await loadSkills([join(root, 'one'), join(root, 'two')]);
    expect(findSkill('pdf', skills)?.description).toBe('first');
    expect(warnings.at(-1)).toMatchObject({ code: 'name_collision', path: join(root, 'two/y/SKILL.md') });
    expect(warnings.at(-1)?.message).toContain(join(root, 'one/x/SKILL.md'));
  });

  it('in one directory: the first path wins', async () => {
    await putSkill('s/b', 'pdf', 'b');
    await putSkill('s/a', 'pdf', 'a');
    const { skills } = await loadSkills([join(root, 's')]);
    expect(skills.map(({ description }) => description)).toEqual(['a']);
  });

  it('are no clash when they are one folder', async () => {
    await putSkill('s/a');
    expect(await load('s', 's/a', 's')).toEqual({ names: ['a'], warnings: [] });
  });
});

describe('links', () => {
  it('that lead out of the directory are refused and named', async () => {
    await putSkill('outside/evil');
    await put('outside/SKILL.md', skillText('evil-file'));
    await putSkill('s/good');
    await mkdir(join(root, 's/linked-file'));
    await symlink(join(root, 'outside'), join(root, 's/linked-dir'));
    await symlink('../../outside/SKILL.md', join(root, 's/linked-file/SKILL.md'));
    expect(await load('s')).toEqual({
      names: ['good'],
      warnings: ['symlink_escapes s/linked-dir', 'symlink_escapes s/linked-file/SKILL.md'],
    });
  });

  it('to a sibling that starts with the same letters lead out, too', async () => {
    await putSkill('s-other/evil');
    await putSkill('s/good');
    await symlink('../s-other', join(root, 's/x'));
    expect((await load('s')).warnings).toEqual(['symlink_escapes s/x']);
  });

  it('that stay inside are read as files and not walked as directories', async () => {
    await put('s/texts/real.md', skillText('a'));
    await mkdir(join(root, 's/a'));
    await symlink('../texts/real.md', join(root, 's/a/SKILL.md'));
    await symlink('..', join(root, 's/texts/loop'));
    expect(await load('s')).toEqual({ names: ['a'], warnings: [] });
  });

  it('that lead nowhere do no harm', async () => {
    await putSkill('s/good');
    await symlink('nowhere', join(root, 's/dangling'));
    await mkdir(join(root, 's/empty'));
    await symlink('nowhere', join(root, 's/empty/SKILL.md'));
    expect((await load('s')).names).toEqual(['good']);
  });

  it('may stand for the directory itself', async () => {
    await putSkill('s/good');
    await symlink('s', join(root, 'alias'));
    expect(await load('alias')).toEqual({ names: ['good'], warnings: [] });
  });
});

describe('resources', () => {
  it('are the files beside SKILL.md, by name; links are left out', async () => {
    await putSkill('s/a');
    await put('s/a/scripts/run.py');
    await put('s/a/references/deep/x.md');
    await put('s/a/LICENSE');
    await put('s/a/node_modules/m/index.js');
    await put('secret');
    await symlink(join(root, 'secret'), join(root, 's/a/secret'));
    const { skills } = await loadSkills([join(root, 's')]);
    expect(skills[0]?.resources).toEqual(['LICENSE', 'references/deep/x.md', 'scripts/run.py']);
  });

  it('are at most 50', async () => {
    await putSkill('s/a');
    for (let i = 10; i < 61; i++) await put(`s/a/r${i}.md`);
    const { skills } = await loadSkills([join(root, 's')]);
    expect(skills[0]?.resources).toHaveLength(50);
    expect(skills[0]?.resources.at(-1)).toBe('r59.md');
  });
});

describe('the strict check', () => {
  it('says that there is no skill', async () => {
    await put('s/readme.md');
    expect(await validateSkill(join(root, 's'))).toMatchObject([{ code: 'no_skill_file' }]);
    expect(await validateSkill(join(root, 'nowhere'))).toMatchObject([{ code: 'no_skill_file' }]);
  });

  it('names everything that is wrong at once', async () => {
    await put('s/pdf/SKILL.md', '---\nname: PDF_\nauthor: me\ncompatibility: [a]\n---\n');
    const problems = await validateSkill(join(root, 's/pdf'));
    expect(problems.map(({ code }) => code)).toEqual([
      'unknown_field',
      'invalid_name',
      'invalid_name',
      'name_mismatch',
      'missing_field',
      'invalid_field',
    ]);
  });

  it('does not let an unquoted colon pass', async () => {
    await put('s/pdf/SKILL.md', '---\nname: pdf\ndescription: a: b\n---\n');
    expect(await validateSkill(join(root, 's/pdf'))).toMatchObject([{ code: 'unquoted_colon' }]);
  });
});

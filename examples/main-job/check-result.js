// Holds the merged patch to what it promises: git takes it, every changed file is still TypeScript, every import leads
// somewhere.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';

/**
 * @param {{ directory: string, patch: string, leastFiles: number, say: (line: string) => void }} options
 *   `directory` is what the batch read, unchanged; the patch is applied to it
 * @returns {Promise<boolean>} whether all is well
 */
export async function checkResult({ directory, patch, leastFiles, say }) {
  // Inside a repository git would silently skip paths outside of the current directory.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(directory) };
  const git = async (...args) =>
    (await promisify(execFile)('git', args, { cwd: directory, env, maxBuffer: 2 ** 26 })).stdout;
  let isGood = true;
  const tell = (isTrue, fact, problem) => {
    isGood &&= isTrue;
    say(isTrue ? `✔ ${fact}` : `✘ ${problem}`);
  };

  const changed = [];
  try {
    if ((await readFile(patch)).length > 0) {
      await git('apply', '--check', patch);
      for (const line of (await git('apply', '--numstat', '-z', patch)).split('\0')) {
        if (line !== '') changed.push(line.split('\t')[2]);
      }
      await git('apply', patch);
    }
  } catch (error) {
    say(`✘ git does not take the merged patch: ${error.stderr || error.message}`);
    return false;
  }
  tell(
    changed.length >= leastFiles,
    `git apply --check takes the merged patch: ${changed.length} files`,
    `the merged patch changes ${changed.length} files; at least ${leastFiles} were expected`,
  );

  const broken = [];
  const lost = [];
  let imports = 0;
  for (const path of changed.filter((name) => name.endsWith('.ts'))) {
    const file = join(directory, path);
    if (!existsSync(file)) continue;
    const text = await readFile(file, 'utf8');
    const { parseDiagnostics } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    if (parseDiagnostics.length > 0) broken.push(`${path}: ${parseDiagnostics[0].messageText}`);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (!fileName.startsWith('.') || fileName.includes('node_modules')) continue;
      imports += 1;
      if (!/\.[cm]?ts$/.test(fileName) || !existsSync(join(dirname(file), fileName))) {
        lost.push(`${path} imports ${fileName}`);
      }
    }
  }
  tell(broken.length === 0, 'every changed file parses as TypeScript', broken.join('\n  '));
  tell(
    lost.length === 0,
    `all ${imports} relative imports in them name a file that is there`,
    lost.join('\n  '),
  );
  return isGood;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A real source file; its line ends are `\n`. */
export interface Source {
  readonly name: string;
  readonly lines: readonly string[];
  /** What one depth of indentation is: `\t`, or so many spaces. */
  readonly step: string;
}

/** The project's own, some that are indented by tabs, and one where indentation is meaning. */
const FOLDERS: readonly { readonly path: string; readonly ending: string; readonly step: string }[] = [
  { path: 'src', ending: '.ts', step: '  ' },
  { path: 'node_modules/debug/src', ending: '.js', step: '\t' },
  { path: 'node_modules/estree-walker/src', ending: '.js', step: '\t' },
  { path: 'test/fixtures/edit-sources', ending: '.py', step: '    ' },
];
const MIN_LINES = 20;

/** By folder. @param root  of the project @throws {Error} when a folder holds no file */
export function realSources(root: string): Source[][] {
  return FOLDERS.map(({ path, ending, step }) => {
    const files = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(ending))
      .sort();
    if (files.length === 0) throw new Error(`no source in ${path}`);
    return files.flatMap((name) => {
      const lines = readFileSync(join(root, path, name), 'utf8')
        .replaceAll('\r\n', '\n')
        .split('\n');
      if (lines.at(-1) === '') lines.pop();
      return lines.length < MIN_LINES ? [] : [{ name: `${path}/${name}`, lines, step }];
    });
  });
}

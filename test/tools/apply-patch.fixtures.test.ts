import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';

// The folders of the shared fixtures lie beside the repository; a clone may not have them.
const FIXTURES = join(import.meta.dirname, '../../../shared/fixtures/apply-patch');
const present = existsSync(FIXTURES);
if (!present) console.warn(`skipped: no apply_patch scenarios at ${FIXTURES}`);

/** What the tool answers: whether it succeeds is not part of the scenarios, and is written down here. */
const SCENARIOS: Readonly<Record<string, 'applied' | 'refused'>> = {
  '001_add_file': 'applied',
  '002_multiple_operations': 'applied',
  '003_multiple_chunks': 'applied',
  '004_move_to_new_directory': 'applied',
  '005_rejects_empty_patch': 'refused',
  '006_rejects_missing_context': 'refused',
  '007_rejects_missing_file_delete': 'refused',
  '008_rejects_empty_update_hunk': 'refused',
  '009_requires_existing_file_for_update': 'refused',
  '010_move_overwrites_existing_destination': 'applied',
  '011_add_overwrites_existing_file': 'applied',
  '012_delete_directory_fails': 'refused',
  '013_rejects_invalid_hunk_header': 'refused',
  '014_update_file_appends_trailing_newline': 'applied',
  '015_failure_after_partial_success_leaves_changes': 'refused',
  '016_pure_addition_update_chunk': 'applied',
  '017_whitespace_padded_hunk_header': 'applied',
  '018_whitespace_padded_patch_markers': 'applied',
  '019_unicode_simple': 'applied',
  '020_delete_file_success': 'applied',
  '020_whitespace_padded_patch_marker_lines': 'applied',
  '021_update_file_deletion_only': 'applied',
  '022_update_file_end_of_file_marker': 'applied',
};

/** Relative path → content in hex, of a folder that need not be there. */
function readTree(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('hex')]),
  );
}

describe.skipIf(!present)('the scenarios of the apply_patch reference', () => {
  const patchOf = (name: string): string => readFileSync(join(FIXTURES, name, 'patch.txt'), 'utf8');
  const inputOf = (name: string): Record<string, Buffer> =>
    Object.fromEntries(
      Object.entries(readTree(join(FIXTURES, name, 'input'))).map(([path, hex]) => [
        path,
        Buffer.from(hex, 'hex'),
      ]),
    );
  const outcome = (harness: Harness): Record<string, string> =>
    Object.fromEntries(
      harness.workspace
        .list()
        .map((path) => [path, Buffer.from(harness.workspace.readBytes(path)).toString('hex')]),
    );

  it('are all in the table', () => {
    const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(SCENARIOS).sort());
  });

  it.each(Object.entries(SCENARIOS))('%s', (name, expected) => {
    const harness = new Harness(inputOf(name), [], ['apply_patch']);
    const { isError } = harness.result('apply_patch', { patch: patchOf(name) });
    expect(outcome(harness)).toEqual(readTree(join(FIXTURES, name, 'expected')));
    expect(isError ? 'refused' : 'applied').toBe(expected);
  });

  it.each(Object.entries(SCENARIOS))('%s, all or nothing', (name, expected) => {
    const harness = new Harness(inputOf(name), [], ['apply_patch_atomic']);
    const { isError } = harness.result('apply_patch_atomic', { patch: patchOf(name) });
    const tree = expected === 'applied' ? 'expected' : 'input';
    expect(outcome(harness)).toEqual(readTree(join(FIXTURES, name, tree)));
    expect(isError ? 'refused' : 'applied').toBe(expected);
  });
});

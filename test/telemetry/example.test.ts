import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../../examples/telemetry.mjs', import.meta.url));

it('examples/telemetry.mjs prints the spans of a prompt', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE]);
  const lines = stdout.split('\n').map((line) => line.replace(/ +[\d.]+ ms$/, ''));
  expect(lines.filter((line) => !line.includes('skein.wait_'))).toEqual([
    'step 2 waited',
    'invoke_agent skein',
    '  skein.turn',
    '    chat any',
    '    execute_tool read',
    '  skein.turn',
    '    chat any',
    '',
  ]);
});

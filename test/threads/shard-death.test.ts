import { expect, it } from 'vitest';
import { describeDeath, StderrTail } from '../../src/threads/shard-death.ts';

function death(stderr: string): string {
  const tail = new StderrTail();
  for (const piece of stderr.split(/(?<=\n)/)) tail.take(Buffer.from(piece));
  return describeDeath(1, null, tail.fatalError);
}

it.each([
  ['', 'it exited with code 1'],
  [
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb78db3 node::OOM [node]\n',
    'it ran out of memory (FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory)',
  ],
  [
    '#\n# Fatal error in , line 0\n# Fatal JavaScript invalid size error 4\n',
    'it ran out of memory (Fatal JavaScript invalid size error 4)',
  ],
  [
    "Error: Cannot find module '/home/me/x.js'\n    at /home/me",
    "it was aborted (Error: Cannot find module '…')",
  ],
  [`${'noise\n'.repeat(10_000)}# Check failed: x.\n`, 'it was aborted (Check failed: x.)'],
])('says why, and names no files (%#)', (stderr, text) => {
  expect(death(stderr)).toBe(text);
});

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ProgressReader, ProgressWriter } from '../../src/protocol/shard-progress.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-progress-'));
afterAll(() => rmSync(directory, { recursive: true }));

const STEP = 2 ** 40 + 7;

/** Two steps of one shard: the first is in its call 2, the second has only been picked up. */
function records(): Buffer {
  const path = join(directory, 'records');
  const fd = openSync(path, 'w');
  const first = new ProgressWriter(fd, STEP);
  const second = new ProgressWriter(fd, STEP + 1);
  first.pickUp();
  first.begin(0);
  second.pickUp();
  first.end(0);
  first.begin(2);
  closeSync(fd);
  return readFileSync(path);
}

it('what was written can be told, wherever the bytes are cut', () => {
  const bytes = records();
  for (let at = 0; at <= bytes.length; at += 1) {
    const reader = new ProgressReader();
    for (const stepId of [STEP, STEP + 1, STEP + 2]) reader.open(stepId, 8);
    reader.take(bytes.subarray(0, at));
    reader.take(bytes.subarray(at));
    const told = [STEP, STEP + 1, STEP + 2].map((stepId) => ({
      pickedUp: reader.pickedUp(stepId),
      running: reader.running(stepId),
      touched: reader.touched(stepId),
    }));
    expect(told).toEqual([
      { pickedUp: true, running: [2], touched: [0, 2] },
      { pickedUp: true, running: [], touched: [] },
      { pickedUp: false, running: [], touched: [] },
    ]);
  }
});

it('a step that is over leaves nothing behind', () => {
  const reader = new ProgressReader();
  reader.open(STEP, 8);
  reader.take(records());
  reader.close(STEP);
  reader.take(records());
  expect(reader.touched(STEP)).toEqual([]);
});

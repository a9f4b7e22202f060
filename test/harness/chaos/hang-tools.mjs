/** Tools that keep a thread from coming back: in JavaScript, which can be interrupted, and in native code, which cannot. */
import { pbkdf2Sync } from 'node:crypto';
import { openSync, readSync } from 'node:fs';

/** Of every call here. */
const DEADLINE_MS = 300;

const SHAPES = {
  'infinite-loop'() {
    for (;;);
  },
  async microtasks() {
    for (;;) await Promise.resolve();
  },
  'regex-plus'() {
    return /(a+)+$/.test(`${'a'.repeat(60)}!`);
  },
  'regex-nested'() {
    return /^(.*)*(.*)*(.*)*x$/.test('b'.repeat(60));
  },
  'regex-replace'() {
    for (;;) 'ab'.repeat(5_000_000).replace(/a/g, 'cc');
  },
  'json-large'() {
    const big = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`key ${i}`, i]));
    for (;;) JSON.stringify(big);
  },
  'sort-large'() {
    const big = Array.from({ length: 1_000_000 }, (_, i) => (i * 7_919) % 1_000_003);
    for (;;) big.sort((a, b) => ((a ^ b) % 3) - 1);
  },
  'typed-sort'() {
    for (;;) Float64Array.from({ length: 1_000_000 }, (_, i) => (i * 7_919) % 1_000_003).sort();
  },
  'atomics-wait'() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  'index-of'() {
    const text = 'ab'.repeat(10_000_000);
    for (;;) text.indexOf('abc');
  },
  'locale-sort'() {
    const words = Array.from({ length: 200_000 }, (_, i) => `wörd ${(i * 7_919) % 200_003}`);
    for (;;) [...words].sort((a, b) => a.localeCompare(b));
  },
  'never-resolves'() {
    return new Promise(() => {});
  },
  'native-hash'() {
    pbkdf2Sync('password', 'salt', 200_000_000, 64, 'sha512');
  },
  'native-normalize'() {
    // Composed and decomposed again and again; the text itself stays below what aborts a process.
    for (;;) 'e\u0301\u0323'.repeat(20_000_000).normalize('NFC');
  },
  'native-read'({ fifo }) {
    readSync(openSync(fifo, 'r'), Buffer.alloc(1));
  },
};

export default [
  ...Object.entries(SHAPES).map(([name, execute]) => ({
    name,
    description: 'Hangs.',
    parameters: { type: 'object' },
    timeoutMs: DEADLINE_MS,
    execute,
  })),
  {
    name: 'warm',
    description: 'Does nothing, in a thread.',
    parameters: { type: 'object' },
    execute: () => 'warm',
  },
];

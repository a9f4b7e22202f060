/** Ways to run out of memory that end a whole process, whatever the limits of the thread. */
const SHAPES = {
  'fatal-array'() {
    const kept = [];
    for (;;) kept.push(kept.length);
  },
  'fatal-map'() {
    const kept = new Map();
    for (let i = 0; ; i += 1) kept.set(i, i);
  },
  'fatal-json'() {
    return JSON.parse(`[${'1,'.repeat(120_000_000)}1]`);
  },
  'fatal-split'() {
    return 'a'.repeat(400_000_000).split('');
  },
};

export default Object.entries(SHAPES).map(([name, execute]) => ({
  name,
  description: 'Runs out of memory.',
  parameters: { type: 'object' },
  timeoutMs: 60_000,
  execute,
}));

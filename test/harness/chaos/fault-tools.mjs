/** Tools that do to their thread whatever a tool can do, and ordinary ones to go with them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessagePort, parentPort } from 'node:worker_threads';

/** Of a call that gets stuck; short, so that a thread is not held for long. */
const DEADLINE_MS = 150;
/** Of a call that dies by itself, however slow the machine. */
const PATIENCE_MS = 30_000;

const FAULTS = {
  'throw-error'() {
    throw new TypeError('thrown by a tool');
  },
  'throw-null'() {
    throw null;
  },
  'throw-proxy'() {
    const refuse = () => {
      throw new Error('trapped');
    };
    throw new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse });
  },
  'throw-getter'() {
    const error = new Error('with getters');
    for (const key of ['message', 'stack', 'name', 'code']) {
      Object.defineProperty(error, key, {
        get() {
          throw new Error('trapped');
        },
      });
    }
    throw error;
  },
  exit({ code = 0 }) {
    process.exit(code);
  },
  heap() {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
  },
  loop() {
    for (;;);
  },
  async microtasks() {
    for (;;) await Promise.resolve();
  },
  regex() {
    return /(a+)+$/.test(`${'a'.repeat(60)}!`);
  },
  hang() {
    return new Promise(() => {});
  },
  'late-throw'() {
    setTimeout(() => {
      throw new Error('thrown late');
    }, 20);
    return 'answered';
  },
  'late-reject'() {
    setTimeout(() => void Promise.reject(new Error('rejected late')), 20);
    return 'answered';
  },
  'stdout-flood'() {
    for (let i = 0; i < 2_000; i += 1) process.stdout.write(`${'flood '.repeat(20)}\n`);
    return 'answered';
  },
  'port-flood'() {
    for (let i = 0; i < 2_000; i += 1) MessagePort.prototype.postMessage.call(parentPort, { i });
    return 'answered';
  },
};
const STUCK = new Set(['loop', 'microtasks', 'regex', 'hang']);

const faults = Object.entries(FAULTS).map(([name, execute]) => ({
  name,
  description: 'Fails.',
  parameters: { type: 'object' },
  timeoutMs: STUCK.has(name) ? DEADLINE_MS : PATIENCE_MS,
  execute,
}));

const ordinary = [
  {
    name: 'append',
    description: 'Adds a line to a file: done twice, it shows.',
    parameters: {
      type: 'object',
      properties: { path: { type: 'string' }, line: { type: 'string' } },
      required: ['path', 'line'],
    },
    timeoutMs: PATIENCE_MS,
    execute({ path, line }, { workspace }) {
      const before = workspace.exists(path) ? workspace.readText(path) : '';
      workspace.writeText(path, before + line);
      return 'appended';
    },
  },
  {
    name: 'nap',
    description: 'Takes a while.',
    parameters: { type: 'object', properties: { ms: { type: 'number' } }, required: ['ms'] },
    readOnly: true,
    timeoutMs: PATIENCE_MS,
    async execute({ ms }) {
      await sleep(ms);
      return 'rested';
    },
  },
];

export default [...ordinary, ...faults];

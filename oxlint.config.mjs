/**
 * Lint rules. The two tables below are the layout of the project (see docs/design.md): which folder may import which,
 * and the one file that may import each library. A crossed line is reported with its reason.
 *
 * Oxlint finds no file of this name by itself: `npm run check:lint` names it, and so must whoever runs oxlint otherwise.
 * The name that it would find ends in `.ts`, which Node 20 cannot load.
 */

/** Folder of `src` → folders it may import, besides itself and the files directly under `src`. */
const MAY_IMPORT = {
  workspace: [],
  edits: ['workspace'],
  patches: ['workspace', 'edits'],
  skills: [],
  html: [],
  tools: ['workspace', 'edits', 'patches', 'skills'],
  protocol: ['context', 'workspace', 'skills', 'tools', 'model'],
  session: ['protocol', 'workspace', 'skills', 'tools'],
  model: ['protocol', 'tools'],
  gate: ['model', 'protocol'],
  context: ['model', 'tools', 'workspace'],
  journal: ['context', 'protocol', 'model', 'tools', 'workspace'],
  threads: ['protocol', 'workspace', 'tools'],
  // Of the pool it knows the events' types; it is put in at one place, where a pool's parts are put together.
  telemetry: ['pool', 'model', 'tools'],
  pool: [
    'threads',
    'telemetry',
    'journal',
    'gate',
    'context',
    'protocol',
    'model',
    'tools',
    'skills',
    'workspace',
  ],
  batch: ['html', 'pool', 'telemetry', 'journal', 'gate', 'model', 'workspace', 'tools', 'protocol'],
  // Its plan files and job files are read with the same means.
  bench: [
    'batch',
    'html',
    'pool',
    'telemetry',
    'journal',
    'gate',
    'model',
    'workspace',
    'tools',
    'skills',
    'protocol',
  ],
  // Of the threads it knows where their bundles lie: `doctor` looks whether they are there.
  cli: ['batch', 'bench', 'pool', 'threads', 'journal', 'gate', 'model', 'workspace', 'protocol', 'tools'],
};

const REASONS = {
  pool: 'only the coordinator side (batch, bench, cli) knows the pool; what it shares with the threads is in protocol/',
  session: 'the agent loop runs in session threads and is reached by messages only: see protocol/',
  journal: 'journals are the coordinator’s; nothing in a thread reads or writes one',
};

/** Library → the one file that imports it, so that what the library lacks is made good once. */
const ONE_IMPORTER = {
  '@cfworker/json-schema': 'src/tools/schema-check.ts',
  piscina: 'src/threads/piscina-runner.ts',
  comlink: 'src/protocol/rpc.ts',
  openai: 'src/model/provider-client.ts',
  '@jsonjoy.com/fs-core': 'src/workspace/volume.ts',
  undici: 'src/model/undici-transport.ts',
  diff: 'src/workspace/line-diff.ts',
  'node-diff3': 'src/workspace/merge-text.ts',
  'just-bash': 'src/tools/bash/run-bash.ts',
  'js-yaml': 'src/yaml.ts',
  libsql: 'src/journal/sqlite-database.ts',
  '@opentelemetry/api': 'src/telemetry/otel.ts',
};

function restrictions(folder, file) {
  const folders = Object.keys(MAY_IMPORT).filter(
    (other) => folder !== undefined && other !== folder && !MAY_IMPORT[folder].includes(other),
  );
  const patterns = folders.map((other) => ({
    regex: `^(\\.\\./)+${other}/`,
    message: `${folder}/ does not import ${other}/: ${REASONS[other] ?? 'see the layout table in oxlint.config.mjs'}.`,
  }));
  patterns.push({
    regex: '^(\\./|(\\.\\./)+)index\\.ts$',
    message: 'index.ts is for users of the package; import the file that defines the name.',
  });
  const paths = Object.entries(ONE_IMPORTER)
    .filter(([, importer]) => importer !== file)
    .map(([name, importer]) => ({ name, message: `only ${importer} imports ${name}.` }));
  return { 'no-restricted-imports': ['error', { patterns, paths }] };
}

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc'],
  categories: { correctness: 'error', suspicious: 'warn' },
  options: { typeAware: true },
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    // A `default` says that the rest is meant alike.
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/await-thenable': 'error',
    'typescript/consistent-type-imports': 'error',

    // Not wanted, of those that the categories turn on:
    // one thing after another is mostly meant.
    'no-await-in-loop': 'off',
    // A switch over every kind needs no return after it; the compiler sees to that.
    'typescript/consistent-return': 'off',
    // What is sorted or reversed in place was made there.
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    // What was parsed or checked is given its type by one.
    'typescript/no-unsafe-type-assertion': 'off',
    // `fc.string()` is how fast-check's documentation has it.
    'import/no-named-as-default-member': 'off',
    // Some modules are imported for what they do.
    'import/no-unassigned-import': 'off',
    // A helper belongs where it is used, also inside of a test.
    'unicorn/consistent-function-scoping': 'off',
    // The same thing has the same name inside and outside of a function.
    'no-shadow': 'off',
    // It does not see what ends a loop: a call, an event, the other side of a comparison.
    'no-unmodified-loop-condition': 'off',
    // A constructor that throws is a check.
    'no-new': 'off',
    // A constructor that hands on what it is given may allow less than its parent's.
    'no-useless-constructor': 'off',
    // A name that has to be there and is not used begins with one.
    'no-underscore-dangle': 'off',
    // Workers and message ports have no origin.
    'unicorn/require-post-message-target-origin': 'off',
    // Its -1 is the last one, as with `at`.
    'unicorn/no-confusing-array-with': 'off',
    // What a caller, a provider or a stream gives is not always of the type that it promises.
    'typescript/no-unnecessary-type-conversion': 'off',
    // One that stands for a result alone tells what the caller knows about it.
    'typescript/no-unnecessary-type-parameters': 'off',
  },
  overrides: [
    { files: ['src/*.ts'], rules: restrictions(undefined, undefined) },
    ...Object.keys(MAY_IMPORT).map((folder) => ({
      files: [`src/${folder}/**/*.ts`],
      rules: restrictions(folder, undefined),
    })),
    ...Object.values(ONE_IMPORTER).map((file) => ({
      files: [file],
      rules: restrictions(file.split('/').length > 2 ? file.split('/')[1] : undefined, file),
    })),
  ],
  // The adapters' types are known only where bench/peers is installed; its own `npm run check` looks at them.
  ignorePatterns: ['dist', 'node_modules', 'coverage', 'bench/peers/adapters'],
};

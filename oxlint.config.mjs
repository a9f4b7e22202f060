/**
 * Lint rules. The two tables below are the layout of the project (see docs/design.md): which folder may import which,
 * and the one file that may import each library. A crossed line is reported with its reason.
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
  cli: ['batch', 'bench', 'pool', 'journal', 'gate', 'model', 'workspace', 'protocol', 'tools'],
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
    regex: `^\\.\\./${other}/`,
    message: `${folder}/ does not import ${other}/: ${REASONS[other] ?? 'see the layout table in oxlint.config.mjs'}.`,
  }));
  patterns.push({
    regex: '^(\\.\\./|\\./)index\\.ts$',
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
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/await-thenable': 'error',
    'typescript/consistent-type-imports': 'error',
    'no-await-in-loop': 'off',
    'typescript/consistent-return': 'off',
    'typescript/require-array-sort-compare': 'off',
    'unicorn/no-array-sort': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'import/no-named-as-default': 'off',
    'import/no-unassigned-import': 'off',
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
  ignorePatterns: ['dist', 'node_modules', 'coverage'],
};

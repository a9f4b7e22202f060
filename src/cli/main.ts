#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { BatchCommandOptions } from './batch-options.ts';
import type { BenchCompareOptions } from './bench-compare.ts';
import type { BenchCommandOptions } from './bench-options.ts';
import type { ExportCommandOptions } from './export.ts';
import type { ModelCommandOptions } from './model.ts';
import type { RunCommandOptions } from './run-options.ts';
import type { SessionsCommandOptions } from './sessions.ts';
import type { ShowCommandOptions } from './show.ts';
import { MAX_CONCURRENCY } from '../batch/max-concurrency.ts';
import { describeError } from './describe-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { tolerateBrokenOutput } from './output-streams.ts';
import { printable } from './printable.ts';
import { version } from '../version.ts';
import { OutputError, SkeinError } from '../errors.ts';

const outputHasFailed = tolerateBrokenOutput();

const modelOption = (): Option =>
  new Option(
    '-m, --model <id>',
    'provider:name, scripted:script.yaml for the scripted model, replay:DIR for a recording',
  );
const fallbackOption = (): Option =>
  new Option(
    '--fallback <id>',
    'provider:name of a model that is asked when the one before gives no answer (repeatable, in this order)',
  )
    .argParser(collect)
    .default([], 'none');
const providerOption = (): Option =>
  new Option(
    '--provider <name=baseURL>',
    'a Chat Completions server, or with ",api=responses" a Responses one; its key is taken from NAME_API_KEY (repeatable)',
  )
    .argParser(collect)
    .default([], 'none');
const pricesOption = (): Option =>
  new Option(
    '--prices <file>',
    'YAML: what models cost, by provider:model, in US dollars for a million tokens',
  );
/** @param whose  it is */
const usdOption = (whose: string): Option =>
  new Option(
    '--budget-usd <n>',
    `US dollars that ${whose} may spend; then it ends, with exit code 4`,
  ).argParser(amount);
const tokensOption = (): Option =>
  new Option('--budget-tokens <n>', 'the same in tokens').argParser(wholeNumber(1));
const turnsOption = (): Option =>
  new Option('--budget-turns <n>', 'the same in model responses').argParser(wholeNumber(1));
const minutesOption = (): Option =>
  new Option('--budget-minutes <n>', 'the same in minutes').argParser(amount);
const recordOption = (): Option =>
  new Option(
    '--record <directory>',
    'keep every exchange with the model there, sources included, to be replayed',
  );
const simulateOption = (): Option =>
  new Option(
    '--simulate <profile>',
    'no model is asked: a server with the limits, delays, faults and prices of this profile (YAML, or the name of a ready one) answers',
  );
const jsonOption = (): Option =>
  new Option('--json', 'NDJSON records on standard output (the default where it is no terminal)');
const storeOption = (): Option =>
  new Option('--store <place>', 'sqlite:PATH, a path, or the output directory of a batch');

let exitCode: ExitCode = EXIT.done;

const program = new Command('skein')
  .description('Runs many coding-agent sessions, each with its own in-memory files, and gives back patches.')
  .version(version())
  .showHelpAfterError('(skein --help, or skein <command> --help, tells more)')
  .configureOutput({ writeErr: (text) => process.stderr.write(printable(text)) })
  .exitOverride()
  // An option belongs to the command before it: `bench` and `bench compare` have some of the same names.
  .enablePositionalOptions();

program
  .command('run')
  .description('one session: sends it a prompt and shows what it answers and changes')
  .argument('[prompt]', 'what to do; "-" or nothing: read from standard input')
  .option('-d, --dir <directory>', 'the files that the session sees (default: the current directory)')
  .option('-f, --file <file>', 'only this file (repeatable)', collect, [])
  .addOption(modelOption())
  .addOption(fallbackOption())
  .option('--system <text>', 'more to the system prompt')
  .option('--skills <directory>', 'look for SKILL.md files here (repeatable)', collect, [])
  .addOption(providerOption())
  .addOption(recordOption())
  .option('--max-turns <n>', 'tool rounds that the prompt may take (default 10; 0: no limit)', wholeNumber(0))
  .option(
    '-i, --image <file>',
    'an image that goes with the prompt: PNG, JPEG, GIF, WebP (repeatable)',
    collect,
    [],
  )
  .option(
    '--schema <file>',
    'a JSON Schema: the answer is a value that fits it, and all that is printed on standard output',
  )
  .option(
    '-w, --write',
    'write the changes to the files; what has changed there meanwhile is merged, or none is',
  )
  .option('-p, --patch <file>', 'save the changes as a patch')
  .addOption(pricesOption())
  .addOption(usdOption('the session'))
  .addOption(tokensOption())
  .addOption(turnsOption())
  .addOption(minutesOption())
  .option('--store <sqlite:PATH>', 'keep the session there, so that another run can go on with it')
  .option('--session <id>', 'the session of the store to go on with, or the id of a new one')
  .addOption(jsonOption())
  .action(async (prompt: string | undefined, options: RunCommandOptions) => {
    const { runCommand } = await import('./run.ts');
    exitCode = await runCommand(prompt, options);
  });

program
  .command('batch')
  .description('one session for each item of a job file, many at a time')
  .argument('<job>', 'the job file (YAML)')
  .option('-d, --dir <directory>', 'the files that the sessions see (default: the current directory)')
  .addOption(modelOption())
  .addOption(fallbackOption())
  .addOption(providerOption())
  .addOption(recordOption())
  .option(
    '-c, --concurrency <n>',
    "sessions at a time (default: the job's, or else 8)",
    wholeNumber(1, MAX_CONCURRENCY),
  )
  .option('--limit <n>', 'only the first items: to try a job before paying for all of it', wholeNumber(1))
  .addOption(pricesOption())
  .addOption(usdOption('the batch, all its runs together,'))
  .addOption(tokensOption())
  .addOption(turnsOption())
  .addOption(minutesOption())
  .option('-o, --out <directory>', 'where the patches and the report go (default: .skein/<name>-<time>)')
  .addOption(
    new Option('--isolation <kind>', 'where sessions run: threads of this process, or of others')
      .choices(['thread', 'process'])
      .default('process'),
  )
  .option('--shards <n>', 'how many such processes', wholeNumber(1))
  .option('--resume <directory>', 'go on with the batch whose output is there: only what is not done is run')
  .option('--force', 'with --resume: go on even though the job file has changed')
  .option(
    '--rerun-conflicts [rounds]',
    "run items whose changes contradict others' again, over the others' changes (default: 3 rounds)",
    wholeNumber(1, 100),
  )
  .option(
    '-w, --write',
    'write the merged changes to the files; what has changed there meanwhile is merged, or none is',
  )
  .option(
    '--branch <name>',
    'commit the merged changes to a new branch; your files and your index are not touched',
  )
  .option(
    '--worktree [directory]',
    'write the merged changes to a new git worktree with a branch of its own (default: OUT/worktree)',
  )
  .addOption(simulateOption())
  .addOption(jsonOption())
  .action(async (job: string, options: BatchCommandOptions) => {
    const { batchCommand } = await import('./batch.ts');
    exitCode = await batchCommand(job, options);
  });

const bench = program
  .command('bench')
  .enablePositionalOptions()
  .description('runs many conversations at models, measures them, and compares the models')
  .argument('[plan]', 'the plan file (YAML); without one, --model and --prompt make a plan')
  .option('-m, --model <id>', "a model to measure, instead of the plan's (repeatable)", collect, [])
  .option('--prompt <text>', 'what to send; several are one conversation (repeatable)', collect, [])
  .option('-d, --dir <directory>', 'the files that each conversation starts with (default: none)')
  .option('--system <text>', 'more to the system prompt')
  .addOption(providerOption())
  .option('--at-once <n>', 'conversations of each model at a time (default: 8)', wholeNumber(1))
  .option('--rate <n>', 'instead: conversations a second that begin at each, at random', amount)
  .option('--count <n>', 'conversations that are measured of each (default: 100)', wholeNumber(1))
  .option('--seconds <n>', 'instead: for so long', amount)
  .option('--warm-up <n>', 'conversations before that which are not measured', wholeNumber(0))
  .option('--seed <n>', 'what scenarios, inputs and arrivals follow from', wholeNumber(0, 2 ** 32 - 1))
  .addOption(pricesOption())
  .addOption(usdOption('the benchmark'))
  .addOption(tokensOption())
  .addOption(turnsOption())
  .addOption(minutesOption())
  .option('-o, --out <directory>', 'where the result goes (default: .skein/bench-<name>-<time>)')
  .option('--force', 'replace a result that is there already')
  .addOption(simulateOption())
  .addOption(jsonOption())
  .action(async (plan: string | undefined, options: BenchCommandOptions) => {
    const { benchCommand } = await import('./bench.ts');
    exitCode = await benchCommand(plan, options);
  });

bench
  .command('compare')
  .description(
    'says what differs between two results, or between the targets of one, and what is only chance',
  )
  .argument('<result>', 'a result.json of skein bench')
  .argument('[other]', 'another one of the same plan')
  .option(
    '--target <name>',
    'only this target; given twice: this one of the first result beside that one of the second',
    collect,
    [],
  )
  .option('--force', 'compare results of different plans all the same')
  .option(
    '--fail-on-regression [percent]',
    'end with 1 when a figure is worse for certain, and by at least so much (shares: in points)',
    amount,
  )
  .addOption(new Option('--seed <n>', 'of the resampling').argParser(wholeNumber(0, 2 ** 32 - 1)).default(1))
  .addOption(jsonOption())
  .action(async (file: string, other: string | undefined, options: BenchCompareOptions) => {
    const { benchCompareCommand } = await import('./bench-compare.ts');
    exitCode = await benchCompareCommand(other === undefined ? [file] : [file, other], options);
  });

program
  .command('sessions')
  .description('lists the sessions of a store')
  .argument('[store]', 'sqlite:PATH, a path, or the output directory of a batch')
  .addOption(storeOption())
  .addOption(jsonOption())
  .action(async (place: string | undefined, options: SessionsCommandOptions) => {
    const { sessionsCommand } = await import('./sessions.ts');
    exitCode = await sessionsCommand(place, options);
  });

program
  .command('show')
  .description('prints the transcript of a session in a store')
  .argument('<id>', "the session's id")
  .addOption(storeOption())
  .addOption(jsonOption())
  .action(async (id: string, options: ShowCommandOptions) => {
    const { showCommand } = await import('./show.ts');
    exitCode = await showCommand(id, options);
  });

program
  .command('export')
  .description('writes messages.json, files/ and changes.patch of a session in a store')
  .argument('<id>', "the session's id")
  .addOption(storeOption())
  .requiredOption('-o, --out <directory>', 'where to; it must be empty or new')
  .addOption(jsonOption())
  .action(async (id: string, options: ExportCommandOptions) => {
    const { exportCommand } = await import('./export.ts');
    exitCode = await exportCommand(id, options);
  });

program
  .command('model')
  .description('serves a scripted model (no language model) on the loopback interface until Ctrl-C')
  .argument('<script>', 'the script (YAML)')
  .option('-p, --port <n>', 'port (default: a free one)', wholeNumber(0, 65_535))
  .option('--seed <n>', 'what its random choices follow from', wholeNumber(0))
  .addOption(jsonOption())
  .action(async (script: string, options: ModelCommandOptions) => {
    const { modelCommand } = await import('./model.ts');
    exitCode = await modelCommand(script, options);
  });

program
  .command('doctor')
  .description('checks what sessions need: Node, threads, providers and their keys, git')
  .addOption(jsonOption())
  .action(async (options: { json?: true }) => {
    const { doctorCommand } = await import('./doctor.ts');
    exitCode = await doctorCommand(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  exitCode = exitCodeOf(error);
  // Commander has told its own already.
  if (!(error instanceof CommanderError)) process.stderr.write(`skein: ${describeError(error)}\n`);
}
process.exitCode = exitCode;
process.on('exit', () => {
  if (outputHasFailed() && process.exitCode === EXIT.done) process.exitCode = EXIT.unfinished;
});

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof OutputError) {
    return error.code === 'output_exists' || error.code === 'output_unwritable'
      ? EXIT.usage
      : EXIT.unfinished;
  }
  return error instanceof SkeinError ? EXIT.usage : EXIT.unfinished;
}

function amount(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number > 0 && number < Infinity) return number;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

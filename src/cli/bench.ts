import { dirname } from 'node:path';
import type { BenchEvent } from '../bench/bench-event.ts';
import type { BenchPlan } from '../bench/plan.ts';
import type { BenchMarkCode, BenchResult, BenchSimulation } from '../bench/result.ts';
import { runBench } from '../bench/run-bench.ts';
import type { BenchCommandOptions } from './bench-options.ts';
import { startBenchModels, type BenchModels } from './bench-models.ts';
import { BenchOutput } from './bench-output.ts';
import { givenPlan } from './bench-plan.ts';
import { BenchProgress } from './bench-progress.ts';
import { BenchRecords } from './bench-records.ts';
import { viewBench } from './bench-view.ts';
import { givenPrices } from './budget-flags.ts';
import { describeError } from './describe-error.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interrupt } from './interrupt.ts';
import { NdjsonWriter } from './ndjson.ts';
import { printableLine } from './printable.ts';
import { describeTerminal } from './terminal.ts';
import { relayWarnings } from './warnings.ts';

/** `skein bench plan.yaml` */
export async function benchCommand(
  planFile: string | undefined,
  options: BenchCommandOptions,
): Promise<ExitCode> {
  const terminal = describeTerminal(options);
  const records = terminal.json
    ? new BenchRecords(new NdjsonWriter((line) => process.stdout.write(line)))
    : undefined;
  const plan = await givenPlan(planFile, options);
  const given = await givenPrices(options);
  using progress = new BenchProgress(plan, terminal);
  using _ = relayWarnings((line) => progress.remark(line));
  await using models = await startBenchModels({
    targets: plan.targets,
    providers: options.provider,
    // Models of the command line are seen from where it was given.
    from: planFile === undefined || options.model.length > 0 ? '.' : dirname(planFile),
    simulate: options.simulate,
  });
  if (models.simulated) progress.remark(simulatedRemark(models.simulated));
  const output = await BenchOutput.create(plan.name, options);
  using interrupt = new Interrupt(() => progress.interrupt());
  let hasBegun = false;
  const begin = (): void => {
    if (!hasBegun) records?.started(plan, output.directory);
    hasBegun = true;
  };
  const onEvent = (event: BenchEvent): void => {
    begin();
    progress.update(event);
    records?.event(event);
  };
  const { signal } = interrupt;
  try {
    const result = await runBench({
      plan,
      ...models,
      prices: { ...models.prices, ...given },
      signal,
      onEvent,
    });
    // One that was interrupted at once has told nothing yet.
    begin();
    await output.write(result);
    progress[Symbol.dispose]();
    const exitCode = interrupt.exitCode ?? exitCodeOf(result);
    if (records) records.ended(result, { exitCode, result: output.resultFile, report: output.reportFile });
    else
      process.stdout.write(
        viewBench(result, {
          exitCode,
          terminal,
          scripted: !models.simulated && isScripted(plan, models),
          files: [
            { what: 'result', path: output.resultFile },
            { what: 'report', path: output.reportFile },
          ],
        }),
      );
    return exitCode;
  } catch (error) {
    if (!hasBegun) await output.discard();
    // Before that, the call is wrong.
    if (!hasBegun) throw error;
    records?.failed(error);
    progress[Symbol.dispose]();
    process.stderr.write(`skein: ${describeError(error)}\n`);
    return EXIT.unfinished;
  }
}

/** Failures are figures; a run that has come to nothing, or to less than it was meant to, is not done. */
function exitCodeOf({ marks }: BenchResult): ExitCode {
  const has = (wanted: BenchMarkCode): boolean => marks.some(({ code }) => code === wanted);
  if (has('budget-reached')) return EXIT.budget;
  return has('all-failed') ? EXIT.unfinished : EXIT.done;
}

/** Whether no language model was asked. */
function isScripted({ targets }: BenchPlan, { baseURLs }: BenchModels): boolean {
  return targets.every(({ name }) => baseURLs.has(name));
}

function simulatedRemark({ name }: BenchSimulation): string {
  return `skein: simulated with the profile ${printableLine(name)}, in real time; no language model is asked, and nothing is paid`;
}

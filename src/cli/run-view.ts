import type { FileDiff } from '../batch/file-diff.ts';
import { countOf, formatDuration, usageFacts } from '../batch/format.ts';
import { describeReached } from '../describe-budget.ts';
import type { WaitReason } from '../gate/admission.ts';
import { savedByCache } from '../gate/prices.ts';
import type { SessionEvent } from '../pool/events.ts';
import type { PromptResult } from '../pool/prompt-result.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { callSubject } from './call-subject.ts';
import { describeError } from './describe-error.ts';
import { viewDiffStat, viewPatch } from './diff-view.ts';
import { printable, PrintableFilter, printableLine } from './printable.ts';
import type { RunAbout, RunEnd, RunListener } from './run-listener.ts';
import type { Terminal } from './terminal.ts';
import { fitEnd } from './text-width.ts';
import { viewValue } from './value-view.ts';

/** What a request waits for, for people. */
const WAITS_FOR: Readonly<Record<WaitReason, string>> = {
  requests: 'for its turn, within the requests a minute that the provider takes',
  tokens: 'for its turn, within the tokens a minute that the provider takes',
  'in-flight': 'for another request to end',
  paused: 'because the provider asked for a pause',
  breaker: 'for the provider to work again',
  warming: 'for another request that begins alike',
};

/** Text of a response that broke off has been shown. */
const VOID = ' (what came so far is void)';

/** Longer patches are summed up; the whole is for `--patch`. */
const MAX_PATCH_LINES = 200;

/**
 * A run for people: the model's text as it comes on stdout, what the tools do on stderr. Of a run that is to give a value
 * stdout gets the value alone.
 */
export class RunView implements RunListener {
  readonly #terminal: Terminal;
  readonly #about: RunAbout;
  readonly #filter = new PrintableFilter();
  #atLineStart = true;

  constructor(terminal: Terminal, about: RunAbout) {
    this.#terminal = terminal;
    this.#about = about;
  }

  started(_sessionId: string, image: BaseImage): void {
    const what = `${printableLine(this.#about.model)} · ${countOf(image.fileCount, 'file')}`;
    this.#remark(this.#terminal.err.dim(what));
  }

  event(event: SessionEvent): void {
    const c = this.#terminal.err;
    if (event.type === 'text') {
      // JSON, and perhaps not the one that counts.
      if (!this.#about.isValue) this.#write(this.#filter.push(event.text));
    } else if (event.type === 'tool-started') {
      const columns = this.#terminal.columns - event.name.length - 6;
      this.#remark(
        `${c.cyan('→')} ${printableLine(event.name)} ${c.dim(fitEnd(callSubject(event.arguments), columns))}`,
      );
    } else if (event.type === 'tool-ended' && event.isError) {
      this.#remark(`  ${c.red(printableLine(event.content).slice(0, 300))}`);
    } else if (event.type === 'model-retried') {
      const isVoid = event.discarded ? VOID : '';
      const what = `${event.kind}, again in ${formatDuration(event.delayMs)}${isVoid}: ${printableLine(event.message)}`;
      this.#remark(c.yellow(what));
    } else if (event.type === 'schema-refused') {
      this.#remark(c.yellow(`the provider takes no schema: ${printableLine(event.message)}`));
    } else if (event.type === 'output-refused') {
      this.#remark(c.yellow('the answer is not what was asked for; the model is told so'));
    } else if (event.type === 'budget' && event.action === 'pause') {
      this.#remark(c.yellow(`paused: ${printableLine(describeReached(event))}`));
    } else if (event.type === 'compacted') {
      this.#remark(c.dim(`context ${event.how}: about ${event.beforeTokens} → ${event.afterTokens} tokens`));
    } else if (event.type === 'loop-warned') {
      this.#remark(c.yellow(`${printableLine(event.name)} gave the same result ${event.count} times`));
    } else if (event.type === 'model-fell-back') {
      const to = `${printableLine(event.to)}${event.discarded ? VOID : ''}`;
      this.#remark(c.yellow(`${event.kind}, on to ${to}: ${printableLine(event.message)}`));
    } else if (event.type === 'gate-waiting') {
      this.#remark(c.dim(describeWait(event)));
    } else if (event.type === 'step-retried') {
      this.#remark(c.yellow(`the session's thread was lost (${event.reason}); the step is run again`));
    }
  }

  remark(line: string): void {
    this.#remark(this.#terminal.err.yellow(printableLine(line)));
  }

  failed(error: unknown): void {
    this.#remark(`skein: ${describeError(error)}`);
  }

  ended(result: PromptResult, diffs: readonly FileDiff[], end: RunEnd): void {
    const c = this.#about.isValue ? this.#terminal.err : this.#terminal.out;
    this.#endLine();
    if (this.#about.isValue) this.#writeAnswer(result);
    const patch = diffs.map((diff) => diff.patch).join('');
    const isShort = patch.length < 200_000 && patch.split('\n').length <= MAX_PATCH_LINES;
    if (!end.applied && !end.problem && end.patchFile === null && isShort && patch !== '') {
      this.#write(`\n${viewPatch(patch, c)}`);
    }
    const lines = [viewDiffStat(diffs, { columns: this.#terminal.columns, colors: c })];
    const { model, prices } = this.#about;
    const facts = [
      countOf(result.turns, 'turn'),
      ...usageFacts(result.usage, savedByCache(result.usage, model, prices)),
      formatDuration(result.durationMs),
    ].join(' · ');
    const isGood = result.stopReason === 'end';
    lines.push(`${isGood ? c.green('✔') : c.red(`✘ ${result.stopReason}`)} ${c.dim(facts)}`);
    if (result.error) lines.push(c.red(`  ${printableLine(result.error.message)}`));
    if (this.#about.scripted) lines.push(c.dim('  A scripted model answered: no language model was used.'));
    if (end.problem) lines.push(c.red(`  ${printableLine(end.problem.message)}`));
    if (end.applied) lines.push('  The changes were written to the files.');
    else if (end.patchFile !== null) lines.push(`  ${c.dim('patch')} ${printableLine(end.patchFile)}`);
    else if (end.problem) lines.push(`  Nothing could be saved; the changes were:\n${viewPatch(patch, c)}`);
    else if (diffs.length > 0)
      lines.push(c.dim('  No file was written; --write writes them, --patch FILE saves the patch.'));
    this.#write(`\n${lines.filter((line) => line !== '').join('\n')}\n`);
  }

  /** The value, or, where there is none, what there is instead of it. */
  #writeAnswer({ output, reply }: PromptResult): void {
    if (output !== undefined) process.stdout.write(viewValue(output, process.stdout.isTTY));
    else if (reply !== '') this.#write(`${printable(reply)}\n`);
  }

  #write(text: string): void {
    if (text === '') return;
    (this.#about.isValue ? process.stderr : process.stdout).write(text);
    this.#atLineStart = text.endsWith('\n');
  }

  #endLine(): void {
    if (!this.#atLineStart) this.#write('\n');
  }

  #remark(line: string): void {
    this.#endLine();
    process.stderr.write(`${line}\n`);
  }
}

function describeWait({ reason, expectedMs }: Extract<SessionEvent, { type: 'gate-waiting' }>): string {
  const time = expectedMs === null ? '' : ` (about ${formatDuration(expectedMs)})`;
  return `waits ${WAITS_FOR[reason]}${time}`;
}
